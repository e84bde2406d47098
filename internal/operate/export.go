package operate

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/export"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// headings are those of the exported table, in English and Chinese.
var headings = [][2]string{
	{"Desktop name", "桌面名称"}, {"Desktop ID", "桌面ID"}, {"Type", "桌面类型"}, {"Pool ID", "桌面池ID"}, {"IP address", "IP地址"}, {"Users", "用户"},
	{"User groups", "用户组"}, {"Power state", "运行状态"}, {"Task", "任务"}, {"Login state", "登录状态"}, {"In maintenance", "维护模式"}, {"Product", "规格"},
	{"Image", "镜像"}, {"System disk (GB)", "系统盘(GB)"}, {"Data disks (GB)", "数据盘(GB)"}, {"Availability zone", "可用区"}, {"OU", "组织单元"},
	{"Tags", "标签"}, {"Enterprise project ID", "企业项目ID"}, {"Created", "创建时间"},
}

// ExportDesktops creates an export of the desktops that match, with headings in a language ("zh_CN" or English), and returns its id. It
// ignores the query's page.
func (s *Service) ExportDesktops(ctx context.Context, c workspace.Caller, q desktop.DesktopQuery, language string) (string, error) {
	q.Page = workspace.Page{Limit: export.MaxRows}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		desktops, _, err := desktop.Desktops(ctx, tx, q)
		if err != nil {
			return "", err
		}
		details, err := desktop.WithCatalog(ctx, tx, desktops)
		if err != nil {
			return "", err
		}
		return export.Keep(ctx, tx, q.ProjectID, "desktops", DesktopTable(details, language))
	}))
}

// DesktopTable returns a table of desktops, with its headings.
func DesktopTable(desktops []desktop.DesktopDetail, language string) [][]string {
	head := make([]string, len(headings))
	for i, h := range headings {
		head[i] = h[0]
		if language == "zh_CN" {
			head[i] = h[1]
		}
	}
	rows := [][]string{head}
	for _, d := range desktops {
		var users, groups, disks, tags []string
		for _, a := range d.Assignments {
			users = append(users, a.UserName)
		}
		for _, g := range d.GroupAssignments {
			groups = append(groups, g.GroupName)
		}
		for _, v := range d.Data {
			disks = append(disks, strconv.Itoa(v.GB))
		}
		for _, t := range d.Tags {
			tags = append(tags, t.Key+"="+t.Value)
		}
		rows = append(rows, []string{
			d.Name, d.ID, string(d.Type), d.PoolID, d.Address, joined(users), joined(groups), string(d.Status), string(d.Task), string(d.Login),
			strconv.FormatBool(d.InMaintenance), d.ProductID, d.Image.Name, strconv.Itoa(d.Root.GB), joined(disks), d.Zone, d.OUName, joined(tags),
			d.EnterpriseID, d.Created.UTC().Format(time.RFC3339),
		})
	}
	return rows
}

func joined(texts []string) string { return strings.Join(slices.Compact(texts), "; ") }
