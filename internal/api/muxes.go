package api

import (
	"net/http"
	"strings"
)

// muxes divides operations among ServeMuxes, since one refuses patterns that overlap: GET /v2/images/{image_id} of IMS and GET
// /v2/{project_id}/products do. Paths that name no project come first. It implements humago.Mux.
type muxes struct {
	ofCaller  *http.ServeMux // about the caller's own project (operation.ofCallersProject)
	ofProject *http.ServeMux
}

func newMuxes() muxes { return muxes{http.NewServeMux(), http.NewServeMux()} }

// HandleFunc implements humago.Mux. A pattern is a method, a space and a path.
func (m muxes) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	_, path, _ := strings.Cut(pattern, " ")
	mux := m.ofProject
	if (operation{path: path}).ofCallersProject() {
		mux = m.ofCaller
	}
	mux.HandleFunc(pattern, handler)
}

// ServeHTTP implements humago.Mux.
func (m muxes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := m.ofCaller.Handler(r); pattern != "" {
		m.ofCaller.ServeHTTP(w, r)
		return
	}
	m.ofProject.ServeHTTP(w, r)
}
