package directory

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Column is a column of a table of users, named as the API's field.
type Column string

// The columns. Those after ColDesktopIP are only written.
const (
	ColName        Column = "user_name"
	ColPassword    Column = "password"
	ColEmail       Column = "user_email"
	ColPhone       Column = "user_phone"
	ColAlias       Column = "alias_name"
	ColActivation  Column = "active_type"
	ColExpires     Column = "account_expires"
	ColDescription Column = "description"
	ColGroups      Column = "group_names"
	ColPermission  Column = "user_group"
	ColDesktopName Column = "computer_name"
	ColDesktopIP   Column = "desktop_ip"

	ColLocked   Column = "locked"
	ColDisabled Column = "disabled"
	ColDesktops Column = "total_desktops"
	ColPeople   Column = "user_quantity"
	ColCreated  Column = "when_created"
	ColGroup    Column = "group_name"
)

// The columns of the tables that administrators upload or download.
var (
	InvitedColumns  = []Column{ColName, ColEmail, ColPhone, ColAlias, ColExpires, ColDescription, ColGroups}
	AdmittedColumns = []Column{ColName, ColPassword, ColEmail, ColPhone, ColAlias, ColActivation, ColExpires, ColDescription, ColGroups}
	DesktopColumns  = []Column{ColName, ColEmail, ColPermission, ColDesktopName, ColDesktopIP}

	exportedColumns = []Column{
		ColName, ColEmail, ColPhone, ColAlias, ColActivation, ColExpires, ColDescription, ColGroups, ColLocked, ColDisabled, ColDesktops, ColCreated,
	}
	groupColumns = []Column{ColGroup, ColDescription, ColPeople, ColDesktops, ColCreated}
)

var Headings = map[Column][2]string{ // English, Chinese
	ColName: {"User name", "用户名"}, ColPassword: {"Password", "密码"}, ColEmail: {"Email", "邮箱"}, ColPhone: {"Phone", "手机号"},
	ColAlias: {"Alias", "别名"}, ColActivation: {"Activation type", "激活类型"}, ColExpires: {"Account expires", "账户过期时间"},
	ColDescription: {"Description", "描述"}, ColGroups: {"User groups", "用户组"}, ColPermission: {"Permission group", "权限组"},
	ColDesktopName: {"Desktop name", "桌面名称"}, ColDesktopIP: {"Desktop IP", "桌面IP"}, ColLocked: {"Locked", "锁定"},
	ColDisabled: {"Disabled", "禁用"}, ColDesktops: {"Desktops", "桌面数量"}, ColPeople: {"People", "用户数量"},
	ColCreated: {"Created", "创建时间"}, ColGroup: {"Group name", "用户组名称"},
}

// GroupSeparator separates the names of groups in a cell.
const GroupSeparator = ";"

// Head returns the first row of a table with these columns, in "zh_CN" or, for any other language, in English.
func Head(columns []Column, language string) []string {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = Headings[c][0]
		if language == "zh_CN" {
			row[i] = Headings[c][1]
		}
	}
	return row
}

// ColumnOf returns the column of a heading, in either language or as the API's field, ignoring case. It ignores hints after a
// bracket or an asterisk.
func ColumnOf(heading string) (Column, bool) {
	if i := strings.IndexAny(heading, "(（*"); i >= 0 {
		heading = heading[:i]
	}
	heading = strings.TrimSpace(heading)
	for c, names := range Headings {
		if strings.EqualFold(heading, names[0]) || heading == names[1] || strings.EqualFold(heading, string(c)) {
			return c, true
		}
	}
	return "", false
}

// HasHeadings reports whether a row can be the first row of a table of users.
func HasHeadings(cells []string) bool {
	return slices.ContainsFunc(cells, func(cell string) bool {
		c, known := ColumnOf(cell)
		return known && c == ColName
	})
}

// UserTable returns a table of users, with its headings.
func UserTable(users []UserDetail, language string, now time.Time) [][]string {
	rows := [][]string{Head(exportedColumns, language)}
	for _, u := range users {
		expires := ""
		if !u.Expires.IsZero() {
			expires = u.Expires.UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{
			u.Name, u.Email, u.Phone, u.Alias, string(u.Activation), expires, u.Description, strings.Join(u.Groups, GroupSeparator),
			strconv.FormatBool(u.Locked), strconv.FormatBool(u.Disabled), strconv.Itoa(u.Desktops),
			u.Created.UTC().Format(time.RFC3339),
		})
	}
	return rows
}

// GroupTable returns a table of groups, with its headings.
func GroupTable(groups []Group, language string) [][]string {
	rows := [][]string{Head(groupColumns, language)}
	for _, g := range groups {
		rows = append(rows, []string{
			g.Name, g.Description, strconv.Itoa(g.People), strconv.Itoa(g.Desktops), g.Created.UTC().Format(time.RFC3339),
		})
	}
	return rows
}
