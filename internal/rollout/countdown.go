package rollout

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// reminders are the times before the end of a countdown at which users get the message again.
var reminders = []time.Duration{5 * time.Minute, time.Minute}

// NextReminder returns when users who have just got a message about a deadline get the next one: the last is before the deadline,
// at which the rebuild begins.
func NextReminder(deadline, now time.Time) time.Time {
	for _, before := range reminders {
		if at := deadline.Add(-before); at.After(now) {
			return at
		}
	}
	return deadline
}

// Next returns when the sub-job of an item has to check again: while the countdown runs, at the next reminder, or immediately if
// a user has connected; otherwise at its deadline; immediately if something was decided. An item whose turn has not come, even
// after its deadline (late: AdvanceRollout was called then), gets its turn from AdvanceRollout.
func (e RolloutEntry) Next(late bool, now time.Time) time.Time {
	switch {
	case e.State == progress.ItemWaiting, e.State == progress.ItemWarned && late:
		return never
	case e.State == progress.ItemWarned && now.Before(e.Deadline) && !e.Told.IsZero():
		return NextReminder(e.Deadline, now)
	default:
		return now
	}
}

// Notice is a message to the user of an account in a desktop; an empty account means everybody.
type Notice struct {
	Account string
	Title   string
	Text    string
}

// CountdownNotices returns the messages to the users of a desktop before it is rebuilt, each in their language. languages has
// those of users by id.
func CountdownNotices(holders []desktop.Assignment, message string, left time.Duration, languages map[string]string) []Notice {
	return notices(holders, languages, func(language string) (title, text string) {
		minutes := int((left + 30*time.Second) / time.Minute)
		if language == "zh" {
			return "本桌面即将重建", strings.TrimSpace(message + "\n\n" + chineseCountdown(minutes))
		}
		return "This desktop will be rebuilt", strings.TrimSpace(message + "\n\n" + englishCountdown(minutes))
	})
}

// RecallNotices returns the messages that withdraw CountdownNotices.
func RecallNotices(holders []desktop.Assignment, languages map[string]string) []Notice {
	return notices(holders, languages, func(language string) (title, text string) {
		if language == "zh" {
			return "重建已取消", "本桌面不会重建，您可以继续工作。"
		}
		return "The rebuild was cancelled", "This desktop is not rebuilt. You can go on working."
	})
}

func englishCountdown(minutes int) string {
	when := "In less than a minute"
	if minutes > 0 {
		when = "In " + workspace.Plural(minutes, "minute")
	}
	return when + " this session ends and the system disk is replaced. Save your work now, on a data disk or outside this desktop: " +
		"everything on the system disk, including your home folder, will be deleted. Afterwards you can open the desktop again."
}

func chineseCountdown(minutes int) string {
	when := "不到一分钟后"
	if minutes > 0 {
		when = fmt.Sprintf("%d 分钟后", minutes)
	}
	return when + "本次会话将结束，系统盘将被更换。请立即把文件保存到数据盘或桌面之外：系统盘上的内容（包括您的主目录）将被删除。之后您可以重新打开桌面。"
}

func notices(holders []desktop.Assignment, languages map[string]string, words func(language string) (title, text string)) []Notice {
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

// Remind makes the message about a countdown be shown again, because a user of the desktop has just connected.
func Remind(ctx context.Context, tx *store.Tx, desktopID string) error {
	subJobs, err := NoteTold(ctx, tx, "", desktopID, time.Time{})
	if err != nil || len(subJobs) == 0 {
		return err
	}
	return tx.ScheduleSubJobs(ctx, subJobs, tx.Now())
}
