// Package mail follows a person from the mail that invites them to their desktop, through a real SMTP server.
package mail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"carrel/test/controlplane"
)

// TestANewPersonChoosesAPasswordThroughTheMailAndSeesTheirDesktop creates a desktop for somebody who is new, reads both mails,
// follows the link, chooses a password and signs in.
func TestANewPersonChoosesAPasswordThroughTheMailAndSeesTheirDesktop(t *testing.T) {
	messages, port := startServer(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "carrel.yaml")
	body := fmt.Sprintf("mail: {smtp: {host: 127.0.0.1, port: %s, tls: none, from: desktops@example.com}}\n", port)
	if err := os.WriteFile(config, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	p := controlplane.Start(t, controlplane.Options{Engine: "sim", Data: filepath.Join(dir, "data"), Config: config})
	c := p.Client(t)
	var answer struct {
		JobID string `json:"job_id"`
	}
	b := p.Bootstrap
	status := c.Do(t, "POST", "/desktops", map[string]any{
		"desktop_type": "DEDICATED", "image_type": "gold", "image_id": b.ImageID, "product_id": b.ProductID,
		"root_volume":        map[string]any{"type": "SAS", "size": 80},
		"desktops":           []map[string]any{{"user_name": "alice", "user_email": "alice@example.com"}},
		"email_notification": true,
	}, &answer)
	if status != http.StatusOK {
		t.Fatalf("creating a desktop: status %d", status)
	}
	c.Finished(t, answer.JobID, 5*time.Minute)

	link, ready := "", false
	for link == "" || !ready {
		select {
		case l := <-messages:
			if found := regexp.MustCompile(`http://\S+/first-password#\w+`).FindString(l); found != "" {
				link = found
			} else if strings.Contains(l, "alice01") {
				ready = true
			} else {
				t.Errorf("an unexpected mail:\n%s", l)
			}
		case <-time.After(5 * time.Minute):
			t.Fatalf("no further mail comes: link %q, desktop ready mail %v\n%s", link, ready, p.Log())
		}
	}
	if strings.Contains(p.Log(), link[strings.LastIndexByte(link, '#')+1:]) {
		t.Error("the link's token is in the log")
	}

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 5 * time.Minute}
	token := link[strings.LastIndexByte(link, '#')+1:]
	post(t, browser, b.Endpoint+"/portal/api/first-password", token, map[string]string{"password": "Quiet-desk-7"}, http.StatusOK)
	post(t, browser, b.Endpoint+"/portal/api/first-password", token, map[string]string{"password": "Other-desk-7"}, http.StatusForbidden)
	post(t, browser, b.Endpoint+"/portal/api/sign-in", "", map[string]string{"user_name": "Alice", "password": "Quiet-desk-7"}, http.StatusOK)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Endpoint+"/portal/api/desktops", nil)
	if err != nil {
		t.Fatal(err)
	}
	cards, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer cards.Body.Close() //nolint:errcheck // only read
	seen, err := io.ReadAll(cards.Body)
	if err != nil || !bytes.Contains(seen, []byte("alice01")) {
		t.Errorf("the portal shows %s, %v", seen, err)
	}
}

// post sends JSON, with a bearer token unless it is empty, and wants a status of the same class.
func post(t *testing.T, browser *http.Client, url, bearer string, body any, want int) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if text, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode/100 != want/100 {
		t.Fatalf("POST %s: status %d, want %d: %s", url, answer.StatusCode, want, text)
	}
}

// startServer runs an SMTP server and returns the plain texts that it takes.
func startServer(t *testing.T) (messages chan string, port string) {
	t.Helper()
	messages = make(chan string, 10)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return session{t, messages}, nil }))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return messages, port
}

type session struct {
	t        *testing.T
	messages chan string
}

func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (session) Reset()                               {}
func (session) Logout() error                        { return nil }

func (s session) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return err
	}
	// Soft line breaks of quoted-printable would cut links.
	text := strings.NewReplacer("=\r\n", "", "=\n", "", "=3D", "=").Replace(string(body))
	s.messages <- m.Header.Get("Subject") + "\n" + text
	return nil
}
