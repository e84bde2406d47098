package workspace

import (
	"context"
	"maps"
	"slices"
)

// maxMine is how many of a person's desktops the portal shows.
const maxMine = 500

// Mine is a desktop as the person sees it who has it.
type Mine struct {
	Desktop
	Image string // its name; empty when the image is gone
	OS    string // "Debian GNU/Linux 12"
	Door  Door
	Why   Obstacle // unless the door is open or can be opened
}

// Door says what a person can do with a desktop of theirs now.
type Door string

// The doors.
const (
	DoorOpen  Door = "open"  // it can be opened
	DoorStart Door = "start" // it can be started
	DoorWait  Door = "wait"  // something is under way and will pass
	DoorShut  Door = "shut"  // an administrator must act
)

// Obstacle is what stands between a person and their desktop.
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

// Obstacles lists every Obstacle, so that tests can prove that each has its words in every language.
var Obstacles = []Obstacle{
	ObsCreating, ObsStarting, ObsStopping, ObsRestarting, ObsHibernating, ObsDeleting, ObsPreparing, ObsRebuilding, ObsBusy, ObsMaintenance, ObsFault,
}

// Sentence says an obstacle in plain English; empty when there is none.
func (o Obstacle) Sentence() string {
	switch o {
	case ObsCreating:
		return "This desktop is being made."
	case ObsStarting:
		return "This desktop is starting."
	case ObsStopping:
		return "This desktop is shutting down."
	case ObsRestarting:
		return "This desktop is restarting."
	case ObsHibernating:
		return "This desktop is going to sleep."
	case ObsDeleting:
		return "This desktop is being deleted."
	case ObsPreparing:
		return "This desktop is being made ready for you."
	case ObsRebuilding:
		return "This desktop is getting a fresh system. It can be opened again in a few minutes."
	case ObsBusy:
		return "An administrator is working on this desktop."
	case ObsMaintenance:
		return "This desktop is under maintenance. Your administrator will make it available again."
	case ObsFault:
		return "Something is wrong with this desktop. Ask your administrator."
	default:
		return ""
	}
}

// DoorOf decides what a person can do with a desktop of theirs, and what stands in the way.
func DoorOf(d Desktop) (Door, Obstacle) {
	if d.Task == TaskDeleting {
		return DoorShut, ObsDeleting
	}
	if d.InMaintenance {
		return DoorShut, ObsMaintenance
	}
	if why := underWay(d); why != NoObstacle {
		return DoorWait, why
	}
	switch d.Status {
	case StatusActive:
		return DoorOpen, NoObstacle
	case StatusShutoff, StatusHibernated:
		return DoorStart, NoObstacle
	default:
		return DoorShut, ObsFault
	}
}

func underWay(d Desktop) Obstacle {
	switch d.Task {
	case TaskCreating:
		return ObsCreating
	case TaskPoweringOn:
		return ObsStarting
	case TaskPoweringOff:
		return ObsStopping
	case TaskRebooting, TaskRebootHard:
		return ObsRestarting
	case TaskHibernating:
		return ObsHibernating
	case TaskAttaching:
		return ObsPreparing
	case TaskRebuilding:
		return ObsRebuilding
	case NoTask:
	default:
		return ObsBusy
	}
	switch d.Status {
	case StatusStarting, StatusAwakening:
		return ObsStarting
	case StatusStopping:
		return ObsStopping
	case StatusRestarting:
		return ObsRestarting
	case StatusHibernating:
		return ObsHibernating
	default:
		return NoObstacle
	}
}

// mayOpen says why a desktop's display cannot be opened, or nil. CodeConflict.
func mayOpen(d Desktop) error {
	switch door, why := DoorOf(d); door {
	case DoorOpen:
		return nil
	case DoorStart:
		return &Error{Code: CodeConflict, Message: "this desktop is not running, start it first"}
	default:
		return &Error{Code: CodeConflict, Message: why.Sentence()}
	}
}

// mayUse says whether a person has a desktop, in their own name or through a group.
func mayUse(ctx context.Context, tx Tx, desktopID, userID string) (bool, error) {
	theirs, err := tx.Holdings(ctx, []string{desktopID}, []string{userID})
	return len(theirs) > 0, err
}

// MyDesktops returns a person's desktops by name. CodeForbidden while they must choose a new password or
// set up an authenticator.
func (s *ConnectionService) MyDesktops(ctx context.Context, userID string) ([]Mine, error) {
	return view(ctx, s.Store, func(tx Tx) ([]Mine, error) {
		u, err := Worker(ctx, tx, s.SecondFactor, userID)
		if err != nil {
			return nil, err
		}
		desktops, _, err := tx.Desktops(ctx, DesktopQuery{
			ProjectID: u.ProjectID, UserID: u.ID, SortBy: ByName, Page: Page{Limit: maxMine},
		})
		if err != nil {
			return nil, err
		}
		return furnish(ctx, tx, desktops)
	})
}

// DesktopsOf returns what MyDesktops returns for each of several people, by their ids, in a fixed number of statements for
// each project. It is for pages that follow their desktops; people without any have an empty list.
func (s *ConnectionService) DesktopsOf(ctx context.Context, people []User) (map[string][]Mine, error) {
	byProject := map[string][]string{} // names
	all := make(map[string][]Mine, len(people))
	for _, u := range people {
		byProject[u.ProjectID] = append(byProject[u.ProjectID], u.Name)
		all[u.ID] = []Mine{}
	}
	err := s.Store.View(ctx, func(tx Tx) error {
		for projectID, names := range byProject {
			desktops, _, err := tx.Desktops(ctx, DesktopQuery{
				ProjectID: projectID, UserNames: names, SortBy: ByName, Page: Page{Limit: maxMine * len(names)},
			})
			if err != nil {
				return err
			}
			furnished, err := furnish(ctx, tx, desktops)
			if err != nil {
				return err
			}
			if err := deal(ctx, tx, all, furnished); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// deal gives each desktop to those of the people in all who have it.
func deal(ctx context.Context, tx Tx, all map[string][]Mine, desktops []Mine) error {
	ids := make([]string, len(desktops))
	for i, m := range desktops {
		ids[i] = m.ID
	}
	holdings, err := tx.Holdings(ctx, ids, slices.Collect(maps.Keys(all)))
	if err != nil {
		return err
	}
	of := HoldingsByDesktop(holdings)
	for _, m := range desktops {
		for _, a := range of[m.ID] {
			all[a.UserID] = append(all[a.UserID], m)
		}
	}
	return nil
}

// SetLanguage remembers the language of a person's portal and mails: "en", "zh", or empty for the browser's. CodeInvalid.
func (s *SignInService) SetLanguage(ctx context.Context, v Visitor, language string) error {
	if !slices.Contains([]string{"", "en", "zh"}, language) {
		return Invalid("language", "%q is unknown, use en or zh", language)
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		u, err := tx.LockUser(ctx, v.ProjectID, v.ID)
		if err != nil || u.Language == language {
			return err
		}
		u.Language = language
		return tx.SaveUser(ctx, u)
	})
}

// furnish adds to desktops what people see of them. It reads each image once.
func furnish(ctx context.Context, tx Tx, desktops []Desktop) ([]Mine, error) {
	images := map[string]Image{}
	mine := make([]Mine, 0, len(desktops))
	for _, d := range desktops {
		image, known := images[d.ImageID]
		if !known {
			var err error
			image, err = tx.ReadImage(ctx, "", d.ImageID)
			if err != nil && CodeOf(err) != CodeImageNotFound {
				return nil, err
			}
			images[d.ImageID] = image
		}
		m := Mine{Desktop: d, Image: image.Name, OS: image.OSVersion}
		m.Door, m.Why = DoorOf(d)
		mine = append(mine, m)
	}
	return mine, nil
}

// updateMine runs f in a transaction with a desktop of the person's. CodeDesktopNotFound when it is not theirs, CodeForbidden when they
// may not use desktops now.
func (s *ConnectionService) updateMine(ctx context.Context, v Visitor, desktopID string, f func(Tx, User, Desktop) error) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		u, err := Worker(ctx, tx, s.SecondFactor, v.ID)
		if err != nil {
			return err
		}
		d, err := mine(ctx, tx, u, desktopID)
		if err != nil {
			return err
		}
		return f(tx, u, d)
	})
}

// OpenDesktop makes a ticket for a desktop's display, good once for TicketLife. CodeDesktopNotFound when the desktop is not
// the person's, CodeConflict when it is not running, CodeForbidden.
func (s *ConnectionService) OpenDesktop(ctx context.Context, v Visitor, desktopID string) (string, error) {
	token := NewToken()
	err := s.updateMine(ctx, v, desktopID, func(tx Tx, u User, d Desktop) error {
		if err := mayOpen(d); err != nil {
			return err
		}
		return tx.InsertTicket(ctx, Ticket{
			TokenHash: HashToken(token), DesktopID: d.ID, UserID: u.ID, Account: u.Account,
			SignInHash: v.SignInHash, Expires: tx.Now().Add(TicketLife),
		})
	})
	return token, err
}

// MayWork says why a person may not use desktops now, or nil. CodeForbidden, CodeBadCredentials when they are gone.
func (s *ConnectionService) MayWork(ctx context.Context, userID string) error {
	return s.Store.View(ctx, func(tx Tx) error {
		_, err := Worker(ctx, tx, s.SecondFactor, userID)
		return err
	})
}

// Worker reads somebody who may use desktops now.
func Worker(ctx context.Context, tx Tx, codes SecondFactor, userID string) (User, error) {
	u, err := tx.ReadUser(ctx, "", userID)
	if CodeOf(err) == CodeUserNotFound {
		return User{}, SignedOut()
	}
	if err != nil {
		return User{}, err
	}
	if u.MustChangePassword {
		return User{}, &Error{Code: CodeForbidden, Message: "choose a new password first"}
	}
	if codes == SecondFactorRequired {
		_, found, err := otpDevice(ctx, tx, u.ID, OTPRegistered)
		if err == nil && !found {
			err = &Error{Code: CodeForbidden, Message: "set up an authenticator app first"}
		}
		if err != nil {
			return User{}, err
		}
	}
	return u, MayWork(u, tx.Now())
}

// mine reads a desktop of a person's; those of others do not exist for them.
func mine(ctx context.Context, tx Tx, u User, desktopID string) (Desktop, error) {
	d, err := tx.ReadDesktop(ctx, u.ProjectID, desktopID)
	if err != nil {
		return d, err
	}
	theirs, err := mayUse(ctx, tx, d.ID, u.ID)
	if err == nil && !theirs {
		err = &Error{Code: CodeDesktopNotFound, Message: "you have no such desktop"}
	}
	return d, err
}
