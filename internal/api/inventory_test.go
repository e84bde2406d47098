package api

import (
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"carrel/internal/core"
	"carrel/internal/iam"
)

// inventory is a row of testdata/operations.tsv, a copy of what the official SDK declares, or of testdata/own_operations.tsv, which
// has what Carrel adds.
type inventory struct {
	method, path, id string
	query            []string
	empty            bool // no response body
}

func readInventory(t *testing.T) map[string]inventory {
	t.Helper()
	rows := map[string]inventory{}
	for _, file := range []string{"testdata/operations.tsv", "testdata/own_operations.tsv"} {
		readRows(t, file, rows)
	}
	return rows
}

func readRows(t *testing.T, file string, rows map[string]inventory) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		cells := strings.Split(line, "\t")
		if i == 0 {
			continue // the head
		}
		row := inventory{method: cells[0], path: cells[1], id: cells[2], empty: cells[5] == "none"}
		for parameter := range strings.SplitSeq(cells[4], ", ") {
			if name, _, ok := strings.Cut(parameter, ":"); ok {
				row.query = append(row.query, name)
			}
		}
		rows[row.id] = row
	}
}

func TestTheRouteTableIsTheInventory(t *testing.T) {
	want := readInventory(t)
	for _, operations := range (&Server{}).operations() {
		for _, o := range operations {
			row, ok := want[o.id]
			if !ok {
				t.Errorf("%s is not in the inventory", o.id)
				continue
			}
			delete(want, o.id)
			if o.method != row.method || o.path != row.path {
				t.Errorf("%s is %s %s, the inventory has %s %s", o.id, o.method, o.path, row.method, row.path)
			}
			if o.describe == "" {
				t.Errorf("%s says nothing about itself", o.id)
			}
			needs := iam.Write
			switch o.id {
			case "ResetRandomPassword": // a GET that changes the password that it answers
			case "ValidateConfig": // a config in a body
				needs = iam.Read
			case "ListDesktopsByTags", "ListDesktopByTags", "ListUsedDesktopInfo", "ShowResourceBindEnterpriseProject", "CheckEnterpriseId", "CheckDesktopImages", "CheckSysprepInfo", "CheckCidr": // filters in a body
				needs = iam.Read
			case "EstimateAddResources", "EstimateChangeImages", "EstimateDesktopPoolAddVolume", "EstimateDesktopPoolExtendVolume", "EstimateDesktopPoolResize",
				"EstimateDesktopPoolChangeImage": // what is asked about, in a body
				needs = iam.Read
			default:
				if o.method == http.MethodGet {
					needs = iam.Read
				}
			}
			if o.needs != needs {
				t.Errorf("%s needs %q, want %q", o.id, o.needs, needs)
			}
		}
	}
	for id := range want {
		t.Errorf("%s is missing", id)
	}
}

// knownActions are those of which the API's reference tells the name. The others follow the rule of overlay.Operation.
var knownActions = map[string]string{
	"BatchAttachInstances": "workspace:desktops:batchAttachUsers",
	"BatchDeleteDesktops":  "workspace:desktops:batchDelete",
	"BatchRunDesktops":     "workspace:desktops:operate",
	"CreateDesktop":        "workspace:desktops:create",
	"CreateDesktopPool":    "workspace:desktopPools:create",
	"CreateDesktopUser":    "workspace:users:create",
	"DeleteDesktop":        "workspace:desktops:delete",

	"CreateEnterpriseProject":           "eps:enterpriseProjects:create",
	"EnableEnterpriseProject":           "eps:enterpriseProjects:enable",
	"MigrateResource":                   "eps:resources:add",
	"ShowResourceBindEnterpriseProject": "eps:resources:list",
	"UpdateEnterpriseProject":           "eps:enterpriseProjects:update",

	"ListCloudImages":     "ims:images:list",
	"ListGlanceImages":    "ims:images:list",
	"ShowGlanceImage":     "ims:images:get",
	"CreateCloudImage":    "ims:serverImages:create",
	"UpdateCloudImage":    "ims:images:update",
	"DeleteGlanceImage":   "ims:images:delete",
	"ListImageOsVersions": "ims:images:listOsVersion",
	"AddImageMembers":     "ims:images:share",
	"UpdateImageMembers":  "ims:images:updateMember",
	"DeleteImageMembers":  "ims:images:deleteMember",

	"ListDesktops":       "workspace:desktops:list",
	"ListDesktopsDetail": "workspace:desktops:listDetail",
	"ShowDesktopDetail":  "workspace:desktops:get",
	"UpdateDesktopPool":  "workspace:desktopPools:update",
}

func TestActionsHaveTheNamesOfTheAPI(t *testing.T) {
	form := regexp.MustCompile(`^(workspace|eps|ims|vpc|ecs|dns|evs|eip)(:[a-z][A-Za-z]+){2}$`)
	known := maps.Clone(knownActions)
	for _, operations := range (&Server{}).operations() {
		for _, o := range operations {
			if want, is := known[o.id]; is && o.action != want || !form.MatchString(o.action) {
				t.Errorf("the action of %s is %s, want %s", o.id, o.action, want)
			}
			delete(known, o.id)
		}
	}
	for id := range known {
		t.Errorf("%s is not served", id)
	}
}

// described is the API as its own document has it.
func described(t *testing.T) *huma.OpenAPI {
	t.Helper()
	s := &Server{Config: Config{IAM: &iam.Service{}, Services: core.NewServices(core.Config{})}}
	api := humago.New(newMuxes(), humaConfig())
	s.register(api)
	return api.OpenAPI()
}

// aliases are names that public clients have for other parameters.
var aliases = []string{"desktop_pool_id"}

func TestEveryQueryParameterOfTheInventoryIsTaken(t *testing.T) {
	want := readInventory(t)
	for path, item := range described(t).Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if o == nil {
				continue
			}
			var query []string
			for _, p := range o.Parameters {
				if p.In == "query" && !slices.Contains(aliases, p.Name) {
					query = append(query, p.Name)
				}
			}
			slices.Sort(query)
			row := want[o.OperationID]
			row.query = slices.DeleteFunc(row.query, func(name string) bool { return slices.Contains(aliases, name) })
			slices.Sort(row.query)
			if !slices.Equal(query, row.query) {
				t.Errorf("%s %s takes %v, the inventory has %v", o.Method, path, query, row.query)
			}
			if _, there := o.Responses["204"]; there != (o.DefaultStatus == http.StatusNoContent) {
				t.Errorf("%s: 204 is described but not given, or the reverse", o.OperationID)
			}
			if reply := o.Responses["200"]; reply != nil && (reply.Content["application/json"] == nil) != row.empty {
				t.Errorf("%s: the inventory disagrees about whether there is a JSON body", o.OperationID)
			}
		}
	}
}
