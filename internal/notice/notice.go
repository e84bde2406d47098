// Package notice has what people in front of desktops are told of the work on them, each in their language, and when they are told again.
package notice

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// The limits of what administrators may say.
const (
	MaxMessage = 1024 // characters of a message
	MaxDelay   = 1440 // minutes for people to save their work
)

// Check returns why an administrator's message is too long, or nil.
func Check(field, text string) error {
	if n := utf8.RuneCountInString(text); n > MaxMessage {
		return workspace.Invalid(field, "%d characters, at most %d are allowed", n, MaxMessage)
	}
	return nil
}

// CheckDelay returns why a time for people to save their work is not valid, or nil.
func CheckDelay(field string, minutes int) error {
	if minutes < 0 || minutes > MaxDelay {
		return workspace.Invalid(field, "%d minutes is out of range, use 0 to %d", minutes, MaxDelay)
	}
	return nil
}

// Notice is a message to the user of an account in a desktop; an empty account means everybody.
type Notice struct {
	Account string
	Title   string
	Text    string
}

// reminders are the times before the end of a countdown at which users get the message again.
var reminders = []time.Duration{5 * time.Minute, time.Minute}

// NextReminder returns when users who have just got a message about a deadline get the next one: the last is before the deadline,
// at which the work begins.
func NextReminder(deadline, now time.Time) time.Time {
	for _, before := range reminders {
		if at := deadline.Add(-before); at.After(now) {
			return at
		}
	}
	return deadline
}

// Rebuild returns the messages to the users of a desktop before it is rebuilt. message is the administrator's; languages has those of
// users by id.
func Rebuild(holders []desktop.Assignment, message string, left time.Duration, languages map[string]string) []Notice {
	return each(holders, languages, func(language string) (title, text string) {
		if language == "zh" {
			return "本桌面即将重建", withMessage(message, chineseWhen(left)+"本次会话将结束，系统盘将被更换。请立即把文件保存到数据盘或桌面之外："+
				"系统盘上的内容（包括您的主目录）将被删除。之后您可以重新打开桌面。")
		}
		return "This desktop will be rebuilt", withMessage(message, englishWhen(left)+" this session ends and the system disk is replaced. "+
			"Save your work now, on a data disk or outside this desktop: everything on the system disk, including your home folder, "+
			"will be deleted. Afterwards you can open the desktop again.")
	})
}

// RebuildCancelled returns the messages that withdraw those of Rebuild.
func RebuildCancelled(holders []desktop.Assignment, languages map[string]string) []Notice {
	return each(holders, languages, func(language string) (title, text string) {
		if language == "zh" {
			return "重建已取消", "本桌面不会重建，您可以继续工作。"
		}
		return "The rebuild was cancelled", "This desktop is not rebuilt. You can go on working."
	})
}

// LogOff returns the messages to the users of a desktop before their sessions are ended.
func LogOff(holders []desktop.Assignment, message string, left time.Duration, languages map[string]string) []Notice {
	return each(holders, languages, func(language string) (title, text string) {
		if language == "zh" {
			return "您即将被注销", withMessage(message, chineseWhen(left)+"本次会话将结束，所有程序将被关闭。请立即保存您的工作。")
		}
		return "You will be logged off", withMessage(message, englishWhen(left)+" this session ends and its programs are closed. Save your work now.")
	})
}

// Message returns an administrator's message to the users of a desktop.
func Message(holders []desktop.Assignment, message string, languages map[string]string) []Notice {
	return each(holders, languages, func(language string) (title, text string) { return Title(language), message })
}

// Title is the title of an administrator's message.
func Title(language string) string {
	if language == "zh" {
		return "管理员的消息"
	}
	return "Message from your administrator"
}

func withMessage(message, text string) string { return strings.TrimSpace(message + "\n\n" + text) }

// minutes rounds the time that is left.
func minutes(left time.Duration) int { return int((left + 30*time.Second) / time.Minute) }

func englishWhen(left time.Duration) string {
	if n := minutes(left); n > 0 {
		return "In " + workspace.Plural(n, "minute")
	}
	return "In less than a minute"
}

func chineseWhen(left time.Duration) string {
	if n := minutes(left); n > 0 {
		return fmt.Sprintf("%d 分钟后", n)
	}
	return "不到一分钟后"
}

// each returns a message to each user of a desktop, or one to everybody if it has none.
func each(holders []desktop.Assignment, languages map[string]string, words func(language string) (title, text string)) []Notice {
	if len(holders) == 0 {
		title, text := words("")
		return []Notice{{Title: title, Text: text}}
	}
	var all []Notice
	for _, a := range holders {
		title, text := words(languages[a.UserID])
		all = append(all, Notice{Account: a.Account, Title: title, Text: text})
	}
	return all
}
