package portal

import (
	"net/http"

	"carrel/internal/connection"
	"carrel/internal/desktop"
	"carrel/internal/signin"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

// card is a desktop in the response to its user.
type card struct {
	ID       string                `json:"id"`
	PoolID   string                `json:"pool_id,omitempty"`
	Name     string                `json:"name"`
	Status   desktop.DesktopStatus `json:"status"`
	Task     workspace.Task        `json:"task_status,omitempty"`
	Login    desktop.LoginStatus   `json:"login_status"`
	Image    string                `json:"image,omitempty"`
	OS       string                `json:"os,omitempty"`
	Access   connection.Access     `json:"access"`
	Why      connection.Obstacle   `json:"why,omitempty"`
	Sentence string                `json:"sentence,omitempty"` // Why in plain English
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

func (p *Portal) desktops(w http.ResponseWriter, r *http.Request, v signin.Visitor) error {
	desktops, err := p.Desktops.UserDesktops(r.Context(), v.ID)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, cardsBody{cardsOf(desktops)})
}

// powerAction returns the handler of a power action on a desktop of the user. It answers 202; the desktop's card shows the progress.
func (p *Portal) powerAction(action desktop.PowerAction) signedHandler {
	return func(w http.ResponseWriter, r *http.Request, v signin.Visitor) error {
		err := p.Desktops.RunPowerAction(r.Context(), v, r.PathValue("id"), action, telemetry.RequestID(r.Context()))
		if err != nil {
			return err
		}
		p.follower.nudge()
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
}

func (p *Portal) ticket(w http.ResponseWriter, r *http.Request, v signin.Visitor) error {
	token, err := p.Desktops.OpenDesktop(r.Context(), v, r.PathValue("id"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		Ticket string `json:"ticket"`
	}{token})
}
