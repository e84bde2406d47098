package iam

import (
	"net/http"
	"strings"
)

type catalogEntry struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
	Name      string            `json:"name"`
	Endpoints []catalogEndpoint `json:"endpoints"`
}

type catalogEndpoint struct {
	ID        string `json:"id"`
	Interface string `json:"interface"`
	Region    string `json:"region"`
	RegionID  string `json:"region_id"`
	URL       string `json:"url"`
}

// catalog lists the services with their addresses. Those that need a project are left out for callers without one.
func (s *Service) catalog(r *http.Request, projectID string) []catalogEntry {
	entries := []catalogEntry{}
	for _, service := range append([]CatalogService{{Type: "iam", Path: "/v3"}}, s.Catalog...) {
		if projectID == "" && strings.Contains(service.Path, "{project_id}") {
			continue
		}
		id := hexSHA256([]byte(s.Region + "/" + service.Type))[:32] // the same at every look
		entries = append(entries, catalogEntry{ID: id, Type: service.Type, Name: service.Type, Endpoints: []catalogEndpoint{{
			ID: id, Interface: "public", Region: s.Region, RegionID: s.Region,
			URL: s.endpoint(r) + strings.ReplaceAll(service.Path, "{project_id}", projectID),
		}}})
	}
	return entries
}

func (s *Service) showCatalog(w http.ResponseWriter, r *http.Request) error {
	p, _ := PrincipalFrom(r.Context())
	reply(w, http.StatusOK, map[string]any{"catalog": s.catalog(r, p.ProjectID), "links": s.links(r, r.URL.Path)})
	return nil
}

// listRegions lists the one region.
func (s *Service) listRegions(w http.ResponseWriter, r *http.Request) error {
	reply(w, http.StatusOK, map[string]any{
		"regions": []map[string]any{{
			"id": s.Region, "type": "public", "description": "", "parent_region_id": nil,
			"locales": map[string]string{"zh-cn": s.Region, "en-us": s.Region}, "links": s.links(r, "/v3/regions/"+s.Region),
		}},
		"links": s.links(r, r.URL.Path),
	})
	return nil
}
