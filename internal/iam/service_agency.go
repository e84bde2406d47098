package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ServiceAgency is how a project authorizes the Workspace service to manage something in it. (Agency is another thing: what users act as.) It is
// part of the project's row.
type ServiceAgency struct {
	Scene       string    `json:"scene"`
	Permissions []string  `json:"permissions"` // what the service may manage
	Created     time.Time `json:"created,omitzero"`
}

// SceneWorkspace is the scene of all operations that Carrel serves.
const SceneWorkspace = "WORKSPACE"

// What the service manages in a project.
const (
	ManageDesktops = "desktops"
	ManageImages   = "images"
	ManageNetworks = "networks"
)

// sceneOf has the scene whose agency permits to manage something.
var sceneOf = map[string]string{ManageDesktops: SceneWorkspace, ManageImages: SceneWorkspace, ManageNetworks: SceneWorkspace}

// PermissionsOf are the permissions that the agency of a scene should have, in order.
func PermissionsOf(scene string) (all []string) {
	for permission, of := range sceneOf {
		if of == scene {
			all = append(all, permission)
		}
	}
	slices.Sort(all)
	return all
}

// allAgencies are those of a project that authorizes the service to manage everything.
func allAgencies(now time.Time) []ServiceAgency {
	return []ServiceAgency{{Scene: SceneWorkspace, Permissions: PermissionsOf(SceneWorkspace), Created: now}}
}

// Lacks returns what the agency should permit and does not.
func (a ServiceAgency) Lacks() (lacking []string) {
	for _, p := range PermissionsOf(a.Scene) {
		if !slices.Contains(a.Permissions, p) {
			lacking = append(lacking, p)
		}
	}
	return lacking
}

// ID identifies the agency: a project has one of a scene.
func (a ServiceAgency) ID(projectID string) string {
	return hexSHA256([]byte("agency/" + projectID + "/" + a.Scene))[:32]
}

// authorized returns nil if one of the agencies of a project permits the service to manage something. CodeNoAgency.
func authorized(projectID string, agencies []ServiceAgency, permission string) error {
	if permission == "" {
		return nil
	}
	scene, action := sceneOf[permission], AgencyCreate
	for _, a := range agencies {
		if a.Scene == scene && slices.Contains(a.Permissions, permission) {
			return nil
		}
		if a.Scene == scene {
			action = AgencyFix
		}
	}
	return workspace.Errorf(workspace.CodeNoAgency,
		`project %s has not authorized the service to manage its %s: call POST /v2/%s/agencies with {"scene": %q, "action": %q}`, projectID, permission, projectID, scene, action)
}

// AgencyAction is what is done about the agency of a scene.
type AgencyAction string

// The actions.
const (
	AgencyCreate AgencyAction = "CREATE"
	AgencyFix    AgencyAction = "FIX" // gives an agency the permissions that it lacks
)

// AuthorizeService creates or completes the agency of a scene in a project of the caller's account. An agency that exists is not created again, and
// remains as it is. The lock on the project decides between callers at once. CodeProjectNotFound; CodeConflict if there is none to complete.
func (s *Service) AuthorizeService(ctx context.Context, c workspace.Caller, accountID, scene string, action AgencyAction) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := RaiseVersion(ctx, tx, accountID); err != nil { // processes remember projects
			return err
		}
		p, err := LockProject(ctx, tx, accountID, c.ProjectID)
		if isMissing(err) {
			return workspace.Errorf(workspace.CodeProjectNotFound, "project_id: project %q does not exist", c.ProjectID)
		}
		if err != nil {
			return err
		}
		at := slices.IndexFunc(p.Agencies, func(a ServiceAgency) bool { return a.Scene == scene })
		switch {
		case at < 0 && action == AgencyFix:
			return workspace.Errorf(workspace.CodeConflict, "action: the project has no agency of the scene %s to fix, use %s", scene, AgencyCreate)
		case at < 0:
			p.Agencies = append(p.Agencies, ServiceAgency{Scene: scene, Permissions: PermissionsOf(scene), Created: tx.Now()})
		case action == AgencyFix:
			p.Agencies[at].Permissions = PermissionsOf(scene)
		default:
			return nil
		}
		tx.Audit(resourceOfProject(p), "", workspace.FieldChange{Field: "agency", New: scene + ": " + strings.Join(PermissionsOf(scene), ", ")})
		return SaveProject(ctx, tx, p)
	}))
}

// ServiceAgencies reads the agencies of a project of the account. CodeProjectNotFound.
func (s *Service) ServiceAgencies(ctx context.Context, accountID, projectID string) ([]ServiceAgency, error) {
	p, err := store.View(ctx, s.Store, func(tx *store.Tx) (Project, error) { return ReadProject(ctx, tx, accountID, projectID) })
	if isMissing(err) {
		err = workspace.Errorf(workspace.CodeProjectNotFound, "project_id: project %q does not exist", projectID)
	}
	return p.Agencies, err
}
