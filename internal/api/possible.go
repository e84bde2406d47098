package api

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/iam"
	"carrel/internal/workspace"
)

// traits are what of an operation decides which errors it can answer with.
type traits struct {
	*huma.Operation
	body    bool            // it takes one
	jobs    bool            // it makes sub-jobs
	own     bool            // it is of the Workspace API
	portal  bool            // it is of the portal
	named   map[string]bool // parameters of the path or query and fields of the body
	inPath  map[string]bool // parameters of the path
	upload  bool            // it takes a file
	changes bool            // by its method
}

// errorsOf returns the codes of the errors that an operation can answer with, in the order of the alphabet: those of the catalogues with one
// of its statuses, unless they are about something that the operation has nothing to do with. Those of its sub-jobs are among them.
// test/recording fails if an operation answers with another.
func errorsOf(doc *huma.OpenAPI, op *huma.Operation, jobs bool) []string {
	o := traitsOf(doc, op, jobs)
	found := map[string]bool{}
	for _, e := range catalogue {
		if inSubJobs[e.code] {
			if jobs {
				found[string(e.code)] = true
			}
			continue
		}
		about, narrow := causes[e.code]
		if op.Responses[strconv.Itoa(e.status)] != nil && (o.own || o.portal) && (!narrow || about(o)) {
			found[string(e.code)] = true
		}
	}
	for _, e := range iam.Errors {
		if op.Responses[strconv.Itoa(e.Status)] != nil && !o.portal && (!o.own || e.Authenticates()) && (!e.OfSignIn() || op.OperationID == signInID) {
			found[e.Code] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// signInID is the operation that takes passwords and codes.
const signInID = "KeystoneCreateUserTokenByPassword"

func traitsOf(doc *huma.OpenAPI, op *huma.Operation, jobs bool) traits {
	o := traits{Operation: op, jobs: jobs, named: map[string]bool{}, inPath: map[string]bool{}, changes: op.Method != http.MethodGet && op.Method != http.MethodHead}
	o.portal = strings.HasPrefix(op.Path, "/portal/")
	o.own = documented[op.OperationID].area != ""
	for _, p := range op.Parameters {
		if p.In == "path" || p.In == "query" {
			o.named[p.Name] = true
		}
		if p.In == "path" {
			o.inPath[p.Name] = true
		}
	}
	if o.portal {
		for _, thing := range []string{"desktop", "pool"} {
			o.inPath[thing+"_id"] = strings.Contains(op.Path, "/"+thing+"s/{id}")
			o.named[thing+"_id"] = o.inPath[thing+"_id"]
		}
	}
	if op.RequestBody != nil {
		o.body, o.upload = true, op.RequestBody.Content["application/json"] == nil
		for _, content := range op.RequestBody.Content {
			nameFields(doc.Components.Schemas, content.Schema, o.named, map[string]bool{})
		}
	}
	return o
}

// nameFields notes the names of a schema's fields at any depth.
func nameFields(schemas huma.Registry, s *huma.Schema, named, seen map[string]bool) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		if seen[s.Ref] {
			return
		}
		seen[s.Ref] = true
		s = schemas.SchemaFromRef(s.Ref)
	}
	for name, field := range s.Properties {
		named[name] = true
		nameFields(schemas, field, named, seen)
	}
	nameFields(schemas, s.Items, named, seen)
}

// naming is the cause of an error about something that a request names in one of the fields.
func naming(fields ...string) func(traits) bool {
	return func(o traits) bool {
		return o.upload || slices.ContainsFunc(fields, func(f string) bool { return o.named[f] })
	}
}

// within is the cause of an error about something that the path names, for operations whose path contains a text.
func within(part string, fields ...string) func(traits) bool {
	return func(o traits) bool { return strings.Contains(o.Path, part) && naming(fields...)(o) }
}

// causes are the errors of the catalogue that not every operation with their status can answer with.
var causes = map[workspace.Code]func(traits) bool{
	workspace.CodeEmptyBody:        func(o traits) bool { return o.body },
	workspace.CodeUnsupported:      func(o traits) bool { return o.own && len(o.named) > len(o.inPath) },
	workspace.CodeDesktopNotFound:  naming("desktop_id", "desktop_ids", "resource_id", "resource_ids", "port_id", "associate_instance_id"),
	workspace.CodeJobNotFound:      func(o traits) bool { return o.inPath["job_id"] },
	workspace.CodeProductNotFound:  naming("product_id", "resize_product_id"),
	workspace.CodeImageNotFound:    func(o traits) bool { return o.body && naming("image_id")(o) },
	workspace.CodeSubnetNotFound:   func(o traits) bool { return o.body && naming("subnet_id", "subnet_ids")(o) },
	workspace.CodeSecurityNotFound: naming("security_groups", "security_group_ids"),
	workspace.CodeNetworkNotFound:  naming("publicip_id", "eip_id", "eip", "bandwidth_id", "vpc_id", "subnet_id", "security_group_id", "rule_id", "remote_group_id"),
	workspace.CodeZoneNotFound:     naming("availability_zone", "availability_zone_id", "az_code"),
	workspace.CodePoolNotFound: func(o traits) bool {
		return o.inPath["pool_id"] || o.body && (o.named["resource_type"] || o.named["desktop_pool_id"])
	},
	workspace.CodePolicyNotFound:     naming("policy_id", "policy_ids", "desktop_name_policy_id"),
	workspace.CodeOUNotFound:         naming("ou_id", "ou_dn"),
	workspace.CodeExportNotFound:     within("/export-tasks", "task_id", "task_ids"),
	workspace.CodeScriptNotFound:     naming("script_id", "script_ids"),
	workspace.CodeAddingVolumes:      within("/volumes", "desktop_id", "pool_id", "volume_ids", "desktop_volumes"),
	workspace.CodeSnapshotNotFound:   naming("snapshot_ids"),
	workspace.CodeVolumeNotFound:     naming("volume_id", "volume_ids"),
	workspace.CodeScriptTaskNotFound: within("/script", "task_id", "record_id", "script_task_id"),
	workspace.CodeUserNotFound:       naming("user_id", "user_ids", "object_id", "old_username", "attach_user_infos"),
	workspace.CodeGroupNotFound:      naming("group_id", "group_ids", "object_id", "attach_user_infos"),
	workspace.CodeProjectNotFound:    func(o traits) bool { return o.own },
	workspace.CodeNameTaken:          func(o traits) bool { return o.own && o.body },
	workspace.CodeAddressTaken:       naming("desktop_ips", "private_ip"),
	workspace.CodeNoAddress:          func(o traits) bool { return o.jobs || o.OperationID == "CreatePublicip" },
	workspace.CodeTokenReused:        func(o traits) bool { return o.own && o.changes },
	workspace.CodeCapacityExceeded:   func(o traits) bool { return o.jobs },
	workspace.CodeNotSubscribed:      func(o traits) bool { return o.own },
	workspace.CodeBadCredentials:     func(o traits) bool { return o.portal },
	codeUnknownPath:                  func(traits) bool { return false },
}
