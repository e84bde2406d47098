package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"

	"github.com/coder/websocket"

	"carrel/internal/workspace"
)

// addPerson adds somebody who can sign in at once, and returns their id and password.
func (a *caller) addPerson(ctx context.Context, name string) (id, password string, err error) {
	password = "Desk-" + workspace.NewToken()[:10]
	var reply struct{ ID string }
	err = a.call(ctx, "POST", "/users", map[string]any{
		"user_name": name, "active_type": "ADMIN_ACTIVATE", "password": password, "next_login_change_password": false,
	}, &reply)
	return reply.ID, password, err
}

// browser is one in which somebody has signed in to the portal.
type browser struct {
	server *server
	client http.Client
}

// browser signs somebody in to the portal.
func (s *server) browser(ctx context.Context, person, password string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("making a cookie jar: %w", err)
	}
	b := &browser{server: s, client: http.Client{Jar: jar}}
	body, err := json.Marshal(map[string]string{"user_name": person, "password": password})
	if err != nil {
		return nil, fmt.Errorf("writing a sign-in: %w", err)
	}
	if err := b.post(ctx, "/portal/api/sign-in", string(body), &struct{}{}); err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	return b, nil
}

// post sends JSON and reads the answer into out.
func (b *browser) post(ctx context.Context, path, body string, out any) error {
	request, err := http.NewRequestWithContext(ctx, "POST", b.server.Endpoint+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := b.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("POST %s: %w", path, &refusal{answer.StatusCode, string(text)})
	}
	return json.NewDecoder(answer.Body).Decode(out)
}

// display opens a display with a ticket.
func (s *server) display(ctx context.Context, ticket string) (io.ReadWriteCloser, error) {
	address := strings.Replace(s.Endpoint, "http", "ws", 1) + "/gateway/display?ticket=" + ticket
	conn, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{Subprotocols: []string{"binary"}}) //nolint:bodyclose // the library closes it
	if err != nil {
		return nil, fmt.Errorf("opening the display: %w", err)
	}
	conn.SetReadLimit(-1)
	return websocket.NetConn(ctx, conn, websocket.MessageBinary), nil
}
