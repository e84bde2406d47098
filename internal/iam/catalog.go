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

type catalogBody struct {
	Catalog []catalogEntry `json:"catalog"`
	Links   links          `json:"links"`
}

func (s *Service) showCatalog(r *http.Request, _ *nothing) (*body[catalogBody], error) {
	p, _ := PrincipalFrom(r.Context())
	return &body[catalogBody]{Body: catalogBody{Catalog: s.catalog(r, p.ProjectID), Links: s.links(r, r.URL.Path)}}, nil
}

type regionsBody struct {
	Regions []regionBody `json:"regions"`
	Links   links        `json:"links"`
}

type regionBody struct {
	ID             string            `json:"id"`
	Type           string            `json:"type"`
	Description    string            `json:"description"`
	ParentRegionID *string           `json:"parent_region_id"` // null: none
	Locales        map[string]string `json:"locales"`
	Links          links             `json:"links"`
}

// listRegions lists the one region.
func (s *Service) listRegions(r *http.Request, _ *nothing) (*body[regionsBody], error) {
	return &body[regionsBody]{Body: regionsBody{
		Regions: []regionBody{{
			ID: s.Region, Type: "public", Locales: map[string]string{"zh-cn": s.Region, "en-us": s.Region}, Links: s.links(r, "/v3/regions/"+s.Region),
		}},
		Links: s.links(r, r.URL.Path),
	}}, nil
}
