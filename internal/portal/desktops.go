package portal

import (
	"net/http"

	"carrel/internal/connection"
	"carrel/internal/desktop"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// card is a desktop in the response to its user.
type card struct {
	ID       string                `json:"id"`
	PoolID   string                `json:"pool_id,omitempty"`
	Name     string                `json:"name"`
	Status   desktop.DesktopStatus `json:"status"`
	Task     workspace.Task        `json:"task_status,omitempty"`
	Login    desktop.LoginStatus   `json:"login_status" enum:"UNREGISTER,REGISTERED,CONNECTED,DISCONNECTED"`
	Image    string                `json:"image,omitempty"`
	OS       string                `json:"os,omitempty"`
	Access   connection.Access     `json:"access" enum:"open,start,wait,shut"`
	Why      connection.Obstacle   `json:"why,omitempty" enum:"creating,starting,stopping,restarting,hibernating,deleting,preparing,rebuilding,busy,maintenance,fault"`
	Sentence string                `json:"sentence,omitempty" doc:"The reason in plain English"`
}

func cardOf(m connection.UserDesktop) card {
	return card{
		ID: m.ID, PoolID: m.PoolID, Name: m.Name, Status: m.Status, Task: m.Task, Login: m.Login, Image: m.Image, OS: m.OS,
		Access: m.Access, Why: m.Why, Sentence: m.Why.Sentence(),
	}
}

func cardsOf(desktops []connection.UserDesktop) []card {
	cards := make([]card, 0, len(desktops))
	for _, m := range desktops {
		cards = append(cards, cardOf(m))
	}
	return cards
}

type cardsBody struct {
	Desktops []card `json:"desktops"`
}

func (p *Portal) desktops(r *http.Request, v signin.Visitor, _ *none) (*answer[cardsBody], error) {
	desktops, err := p.Desktops.UserDesktops(r.Context(), v)
	if err != nil {
		return nil, err
	}
	return &answer[cardsBody]{Body: cardsBody{cardsOf(desktops)}}, nil
}

type desktopInput struct {
	ID string `path:"id"`
}

// powerAction returns the handler of a power action on a desktop of the user. It answers 202; the desktop's card shows the progress.
func (p *Portal) powerAction(action desktop.PowerAction) func(*http.Request, signin.Visitor, *desktopInput) (*none, error) {
	return func(r *http.Request, v signin.Visitor, in *desktopInput) (*none, error) {
		if err := p.Desktops.RunPowerAction(r.Context(), v, in.ID, action); err != nil {
			return nil, err
		}
		p.follower.nudge()
		return nil, nil
	}
}

type ticketBody struct {
	Ticket string `json:"ticket" doc:"For GET /gateway/display, once and within seconds"`
}

func (p *Portal) ticket(r *http.Request, v signin.Visitor, in *desktopInput) (*answer[ticketBody], error) {
	token, err := p.Desktops.OpenDesktop(r.Context(), v, in.ID)
	if err != nil {
		return nil, err
	}
	return &answer[ticketBody]{Body: ticketBody{token}}, nil
}
