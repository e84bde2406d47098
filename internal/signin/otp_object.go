package signin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// OTPObject is somebody who must use codes: a user, the members of a group, or all users of the project.
type OTPObject struct {
	ProjectID string
	Type      OTPObjectType
	ID        string
	Name      string // present name; read, not stored
	Created   time.Time
}

// OTPObjectType is the kind of an OTPObject.
type OTPObjectType string

// The types.
const (
	OTPUser  OTPObjectType = "USER"
	OTPGroup OTPObjectType = "USER_GROUP"
	OTPAll   OTPObjectType = "ALL"
)

// The id and name of the object of type ALL, as policies of the API call theirs.
const (
	AllTargetsID   = "default-apply-all-targets"
	AllTargetsName = "All-Targets"
)

// MaxOTPObjects is the maximum number of objects that one request adds or deletes.
const MaxOTPObjects = 100

// OTPObjectQuery selects objects of a project. Name is part of the name, ignoring case.
type OTPObjectQuery struct {
	ProjectID string
	Type      OTPObjectType
	Name      string
	workspace.Page
}

// OTPObjects reads a page of the objects of a project, oldest first, and counts all that match.
func (s *Service) OTPObjects(ctx context.Context, q OTPObjectQuery) ([]OTPObject, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]OTPObject, int, error) { return otpObjects(ctx, tx, q) })
}

// ChangeOTPObjects adds and deletes objects, all or none, for sign-ins from now on. Adding what is there and deleting what is not succeed.
// Errors: CodeNotSubscribed, CodeInvalid, CodeUserNotFound, CodeGroupNotFound, CodeUnsupported if the operator decides for all projects, and
// CodeConflict if a user or group is deleted at the same time, which the foreign keys decide. Of concurrent calls that name the same object
// one comes first, by the lock on the project's config.
func (s *Service) ChangeOTPObjects(ctx context.Context, c workspace.Caller, add, remove []OTPObject) error {
	if s.SecondFactor != SecondFactorOptional {
		return workspace.Unsupported("add", s.operatorDecides())
	}
	add, remove = slices.Clone(add), slices.Clone(remove)
	if err := checkOTPObjects(add, remove); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		if err := otpObjectsExist(ctx, tx, c.ProjectID, add); err != nil {
			return err
		}
		if _, err := lockOTPConfig(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		return changeOTPObjects(ctx, tx, c.ProjectID, add, remove)
	}))
}

// checkOTPObjects returns what is wrong with a request on its own, and completes objects of type ALL.
func checkOTPObjects(add, remove []OTPObject) error {
	if len(add)+len(remove) == 0 {
		return workspace.Invalid("add", "name at least one object here or in delete")
	}
	for _, list := range []struct {
		field   string
		objects []OTPObject
	}{{"add", add}, {"delete", remove}} {
		if len(list.objects) > MaxOTPObjects {
			return workspace.Invalid(list.field, "%d objects, at most %d are allowed", len(list.objects), MaxOTPObjects)
		}
		for i := range list.objects {
			if err := checkOTPObject(fmt.Sprintf("%s[%d]", list.field, i), &list.objects[i]); err != nil {
				return err
			}
		}
	}
	for i, o := range remove {
		if slices.ContainsFunc(add, func(a OTPObject) bool { return a.Type == o.Type && a.ID == o.ID }) {
			return workspace.Invalid(fmt.Sprintf("delete[%d]", i), "%s %q is in add, too", o.Type, o.ID)
		}
	}
	return nil
}

func checkOTPObject(field string, o *OTPObject) error {
	switch o.Type {
	case OTPUser, OTPGroup:
		if o.ID == "" {
			return workspace.Invalid(field+".object_id", "must be given")
		}
		return nil
	case OTPAll:
		if o.ID != "" && o.ID != AllTargetsID {
			return workspace.Invalid(field+".object_id", "%q is not all users: with object_type ALL use %q", o.ID, AllTargetsID)
		}
		if o.Name != "" && o.Name != AllTargetsName {
			return workspace.Invalid(field+".object_name", "%q is not all users: with object_type ALL use %q", o.Name, AllTargetsName)
		}
		o.ID, o.Name = AllTargetsID, AllTargetsName
		return nil
	default:
		return workspace.Invalid(field+".object_type", "%q is unknown, use USER, USER_GROUP or ALL", o.Type)
	}
}

// otpObjectsExist returns which object does not exist in the project, or has another name than the request says.
func otpObjectsExist(ctx context.Context, tx *store.Tx, projectID string, objects []OTPObject) error {
	ids := map[OTPObjectType][]string{}
	for _, o := range objects {
		if !slices.Contains(ids[o.Type], o.ID) {
			ids[o.Type] = append(ids[o.Type], o.ID)
		}
	}
	names := map[OTPObjectType]map[string]string{OTPUser: {}, OTPGroup: {}, OTPAll: {AllTargetsID: AllTargetsName}}
	if wanted := ids[OTPUser]; len(wanted) > 0 {
		found, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: projectID, IDs: wanted, Page: workspace.Page{Limit: len(wanted)}})
		if err != nil {
			return err
		}
		for _, u := range found {
			names[OTPUser][u.ID] = u.Name
		}
	}
	if wanted := ids[OTPGroup]; len(wanted) > 0 {
		found, _, err := directory.Groups(ctx, tx, directory.GroupQuery{ProjectID: projectID, IDs: wanted, Page: workspace.Page{Limit: len(wanted)}})
		if err != nil {
			return err
		}
		for _, g := range found {
			names[OTPGroup][g.ID] = g.Name
		}
	}
	for i, o := range objects {
		name, exists := names[o.Type][o.ID]
		switch {
		case !exists && o.Type == OTPUser:
			return workspace.Errorf(workspace.CodeUserNotFound, "add[%d].object_id: user %q does not exist", i, o.ID)
		case !exists:
			return workspace.Errorf(workspace.CodeGroupNotFound, "add[%d].object_id: group %q does not exist", i, o.ID)
		case o.Name != "" && !strings.EqualFold(o.Name, name):
			return workspace.Invalid(fmt.Sprintf("add[%d].object_name", i), "%q is not the name of %q, which is %q", o.Name, o.ID, name)
		}
	}
	return nil
}
