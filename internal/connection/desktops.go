package connection

import (
	"context"
	"maps"
	"slices"

	"carrel/internal/assignment"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// maxUserDesktops is how many desktops of a user the portal shows.
const maxUserDesktops = 500

// UserDesktop is a desktop as its user sees it.
type UserDesktop struct {
	desktop.Desktop
	Image  string // its name; empty when the image is gone
	OS     string // "Debian GNU/Linux 12"
	Access Access
	Why    Obstacle // why not, unless Access is open or start
}

// Access is what a user can do with a desktop now.
type Access string

// The kinds of access.
const (
	AccessOpen  Access = "open"  // it can be opened
	AccessStart Access = "start" // it can be started
	AccessWait  Access = "wait"  // a task is in progress; wait for its end
	AccessShut  Access = "shut"  // an administrator must act
)

// Obstacle is the reason why a user cannot open a desktop now.
type Obstacle string

// The obstacles.
const (
	NoObstacle     Obstacle = ""
	ObsCreating    Obstacle = "creating"
	ObsStarting    Obstacle = "starting"
	ObsStopping    Obstacle = "stopping"
	ObsRestarting  Obstacle = "restarting"
	ObsHibernating Obstacle = "hibernating"
	ObsDeleting    Obstacle = "deleting"
	ObsPreparing   Obstacle = "preparing"
	ObsRebuilding  Obstacle = "rebuilding"
	ObsBusy        Obstacle = "busy"
	ObsMaintenance Obstacle = "maintenance"
	ObsFault       Obstacle = "fault"
)

// Obstacles lists every Obstacle, so that tests can check that each has a message in every language.
var Obstacles = []Obstacle{
	ObsCreating, ObsStarting, ObsStopping, ObsRestarting, ObsHibernating, ObsDeleting, ObsPreparing, ObsRebuilding, ObsBusy, ObsMaintenance, ObsFault,
}

// Sentence returns the obstacle as an English sentence; empty if there is none.
func (o Obstacle) Sentence() string {
	switch o {
	case ObsCreating:
		return "This desktop is being created."
	case ObsStarting:
		return "This desktop is starting."
	case ObsStopping:
		return "This desktop is shutting down."
	case ObsRestarting:
		return "This desktop is restarting."
	case ObsHibernating:
		return "This desktop is hibernating."
	case ObsDeleting:
		return "This desktop is being deleted."
	case ObsPreparing:
		return "This desktop is being prepared for you."
	case ObsRebuilding:
		return "This desktop is being rebuilt. You can open it again in a few minutes."
	case ObsBusy:
		return "An administrator is changing this desktop. Try again in a moment."
	case ObsMaintenance:
		return "This desktop is under maintenance. Your administrator will make it available again."
	case ObsFault:
		return "This desktop has an error. Ask your administrator."
	default:
		return ""
	}
}

// AccessOf decides what a user can do with a desktop now, and the reason if it cannot be opened.
func AccessOf(d desktop.Desktop) (Access, Obstacle) {
	if d.Task == workspace.TaskDeleting {
		return AccessShut, ObsDeleting
	}
	if d.InMaintenance {
		return AccessShut, ObsMaintenance
	}
	if why := underWay(d); why != NoObstacle {
		return AccessWait, why
	}
	switch d.Status {
	case desktop.StatusActive:
		return AccessOpen, NoObstacle
	case desktop.StatusShutoff, desktop.StatusHibernated:
		return AccessStart, NoObstacle
	default:
		return AccessShut, ObsFault
	}
}

func underWay(d desktop.Desktop) Obstacle {
	switch d.Task {
	case workspace.TaskCreating:
		return ObsCreating
	case workspace.TaskPoweringOn:
		return ObsStarting
	case workspace.TaskPoweringOff:
		return ObsStopping
	case workspace.TaskRebooting, workspace.TaskRebootHard:
		return ObsRestarting
	case workspace.TaskHibernating:
		return ObsHibernating
	case workspace.TaskAttaching:
		return ObsPreparing
	case desktop.TaskRebuilding:
		return ObsRebuilding
	case workspace.NoTask:
	default:
		return ObsBusy
	}
	switch d.Status {
	case desktop.StatusStarting, desktop.StatusAwakening:
		return ObsStarting
	case desktop.StatusStopping:
		return ObsStopping
	case desktop.StatusRestarting:
		return ObsRestarting
	case desktop.StatusHibernating:
		return ObsHibernating
	default:
		return NoObstacle
	}
}

// mayOpen returns nil if the display of d can be opened, else CodeConflict with the reason.
func mayOpen(d desktop.Desktop) error {
	switch access, why := AccessOf(d); access {
	case AccessOpen:
		return nil
	case AccessStart:
		return &workspace.Error{Code: workspace.CodeConflict, Message: "this desktop is not running, start it first"}
	default:
		return &workspace.Error{Code: workspace.CodeConflict, Message: why.Sentence()}
	}
}

// mayUse reports whether a user has a desktop, of their own or through a group.
func mayUse(ctx context.Context, tx *store.Tx, desktopID, userID string) (bool, error) {
	theirs, err := assignment.Holdings(ctx, tx, []string{desktopID}, []string{userID})
	return len(theirs) > 0, err
}

// UserDesktops returns a user's desktops, sorted by name, or CodeForbidden while the user must choose a new password or set up an authenticator.
func (s *Service) UserDesktops(ctx context.Context, v signin.Visitor) ([]UserDesktop, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]UserDesktop, error) {
		u, err := signin.ReadActiveUser(ctx, tx, s.SecondFactor, v)
		if err != nil {
			return nil, err
		}
		desktops, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{
			ProjectID: u.ProjectID, UserID: u.ID, SortBy: desktop.ByName, Page: workspace.Page{Limit: maxUserDesktops},
		})
		if err != nil {
			return nil, err
		}
		return describe(ctx, tx, desktops)
	})
}

// DesktopsOf returns the result of UserDesktops for each of several users, by their ids, in a fixed number of statements per project. It is for
// event streams; users without desktops have an empty list.
func (s *Service) DesktopsOf(ctx context.Context, people []directory.User) (map[string][]UserDesktop, error) {
	byProject := map[string][]string{} // their names, by project
	all := make(map[string][]UserDesktop, len(people))
	for _, u := range people {
		byProject[u.ProjectID] = append(byProject[u.ProjectID], u.Name)
		all[u.ID] = []UserDesktop{}
	}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		for projectID, names := range byProject {
			desktops, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{
				ProjectID: projectID, UserNames: names, SortBy: desktop.ByName, Page: workspace.Page{Limit: maxUserDesktops * len(names)},
			})
			if err != nil {
				return err
			}
			described, err := describe(ctx, tx, desktops)
			if err != nil {
				return err
			}
			if err := appendByUser(ctx, tx, all, described); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// appendByUser appends each desktop to the lists of its users in all.
func appendByUser(ctx context.Context, tx *store.Tx, all map[string][]UserDesktop, desktops []UserDesktop) error {
	ids := make([]string, len(desktops))
	for i, m := range desktops {
		ids[i] = m.ID
	}
	holdings, err := assignment.Holdings(ctx, tx, ids, slices.Collect(maps.Keys(all)))
	if err != nil {
		return err
	}
	of := assignment.HoldingsByDesktop(holdings)
	for _, m := range desktops {
		for _, a := range of[m.ID] {
			all[a.UserID] = append(all[a.UserID], m)
		}
	}
	return nil
}

// describe adds image and access to desktops. It reads each image once.
func describe(ctx context.Context, tx *store.Tx, desktops []desktop.Desktop) ([]UserDesktop, error) {
	images := map[string]catalog.Image{}
	found := make([]UserDesktop, 0, len(desktops))
	for _, d := range desktops {
		image, known := images[d.ImageID]
		if !known {
			var err error
			image, err = catalog.ReadImage(ctx, tx, "", d.ImageID)
			if err != nil && workspace.CodeOf(err) != workspace.CodeImageNotFound {
				return nil, err
			}
			images[d.ImageID] = image
		}
		m := UserDesktop{Desktop: d, Image: image.Name, OS: image.OSVersion}
		m.Access, m.Why = AccessOf(d)
		found = append(found, m)
	}
	return found, nil
}

// updateUserDesktop runs f, as the act of c, in a transaction with a desktop of the user. It returns CodeDesktopNotFound if the user does not have it, and
// CodeForbidden if the user may not use desktops now.
func (s *Service) updateUserDesktop(ctx context.Context, c workspace.Caller, v signin.Visitor, desktopID string, f func(*store.Tx, directory.User, desktop.Desktop) error) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		u, err := signin.ReadActiveUser(ctx, tx, s.SecondFactor, v)
		if err != nil {
			return err
		}
		d, err := userDesktop(ctx, tx, u, desktopID)
		if err != nil {
			return err
		}
		return f(tx, u, d)
	}))
}

// OpenDesktop issues a single-use ticket for a desktop's display, valid for TicketLife. It returns CodeDesktopNotFound if the user does not have
// the desktop, CodeConflict if it is not running, and CodeForbidden.
func (s *Service) OpenDesktop(ctx context.Context, v signin.Visitor, desktopID string) (string, error) {
	token := workspace.NewToken()
	err := s.updateUserDesktop(ctx, v.Caller("OpenDesktop"), v, desktopID, func(tx *store.Tx, u directory.User, d desktop.Desktop) error {
		if err := mayOpen(d); err != nil {
			return err
		}
		return signin.InsertTicket(ctx, tx, signin.Ticket{
			TokenHash: workspace.HashToken(token), DesktopID: d.ID, UserID: u.ID, Account: u.Account,
			SignInHash: v.SignInHash, Expires: tx.Now().Add(signin.TicketLife),
		})
	})
	return token, err
}

// MayUseDesktops returns nil if a user may use desktops now, else CodeForbidden, or CodeBadCredentials if the user does not exist.
func (s *Service) MayUseDesktops(ctx context.Context, v signin.Visitor) error {
	return s.Store.View(ctx, func(tx *store.Tx) error {
		_, err := signin.ReadActiveUser(ctx, tx, s.SecondFactor, v)
		return err
	})
}

// userDesktop reads a desktop of a user, or returns CodeDesktopNotFound, also for the desktops of others.
func userDesktop(ctx context.Context, tx *store.Tx, u directory.User, desktopID string) (desktop.Desktop, error) {
	d, err := desktop.ReadDesktop(ctx, tx, u.ProjectID, desktopID)
	if err != nil {
		return d, err
	}
	theirs, err := mayUse(ctx, tx, d.ID, u.ID)
	if err == nil && !theirs {
		err = &workspace.Error{Code: workspace.CodeDesktopNotFound, Message: "you have no such desktop"}
	}
	return d, err
}
