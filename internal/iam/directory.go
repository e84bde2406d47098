package iam

import (
	"net/http"
	"strconv"

	"carrel/internal/workspace"
)

// links are those of one thing, or of a page.
type links struct {
	Self     string  `json:"self"`
	Previous *string `json:"previous"`
	Next     *string `json:"next"`
}

func (s *Service) links(r *http.Request, path string) links {
	return links{Self: s.endpoint(r) + path}
}

// endpoint is the address of this server as the caller knows it.
func (s *Service) endpoint(r *http.Request) string {
	switch {
	case s.Endpoint != "":
		return s.Endpoint
	case r.TLS != nil:
		return "https://" + r.Host
	default:
		return "http://" + r.Host
	}
}

type domainsBody struct {
	Domains []domainBody `json:"domains"`
	Links   links        `json:"links"`
}

type domainBody struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Enabled     bool   `json:"enabled"`
	Description string `json:"description"`
	Links       links  `json:"links"`
}

// listDomains lists the one account that the caller belongs to.
func (s *Service) listDomains(r *http.Request, _ *nothing) (*body[domainsBody], error) {
	p, _ := PrincipalFrom(r.Context())
	return &body[domainsBody]{Body: domainsBody{
		Domains: []domainBody{{ID: p.AccountID, Name: p.AccountName, Enabled: true, Links: s.links(r, "/v3/domains/"+p.AccountID)}},
		Links:   s.links(r, r.URL.Path),
	}}, nil
}

type callerBody struct {
	AccountID    string `json:"account_id"`
	PrincipalID  string `json:"principal_id"`
	PrincipalURN string `json:"principal_urn"`
}

// showCaller answers with the caller's identity.
func (s *Service) showCaller(r *http.Request, _ *nothing) (*body[callerBody], error) {
	p, _ := PrincipalFrom(r.Context())
	out := callerBody{AccountID: p.AccountID, PrincipalID: p.AdminID, PrincipalURN: "iam::" + p.AccountID + ":user:" + p.AdminName}
	if p.AgencyID != "" {
		out.PrincipalID, out.PrincipalURN = p.AgencyID+":"+p.Session, sessionURN(p.AccountID, p.AgencyName, p.Session)
	}
	return &body[callerBody]{Body: out}, nil
}

// matches says whether a filter, if given, is met.
func matches(filter, value string) bool { return filter == "" || filter == value }

// boolean reads a filter that is true or false; nil if it is absent.
func boolean(field, text string) (*bool, error) {
	switch text {
	case "":
		return nil, nil
	case "true", "True":
		yes := true
		return &yes, nil
	case "false", "False":
		no := false
		return &no, nil
	}
	return nil, invalid(field, "%q is not true or false", text)
}

// maxPage is the number of rows of a page that does not say it.
const maxPage = 5000

// pageOf returns the page that a request asks for.
func pageOf(number, perPage string) (workspace.Page, error) {
	page, size := 1, maxPage
	for _, p := range []struct {
		name, text string
		to         *int
	}{{"page", number, &page}, {"per_page", perPage, &size}} {
		if p.text == "" {
			continue
		}
		n, err := strconv.Atoi(p.text)
		if err != nil || n < 1 || n > maxPage {
			return workspace.Page{}, invalid(p.name, "%q is out of range, use 1 to %d", p.text, maxPage)
		}
		*p.to = n
	}
	return workspace.Page{Offset: (page - 1) * size, Limit: size}, nil
}
