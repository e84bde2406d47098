package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/iam"
	"carrel/internal/route"
	"carrel/internal/static"
)

// describe serves the description of an API and of others at /openapi.json, from which the web's /docs is made. It is written when somebody
// first asks for it: most servers are never asked.
func describe(api huma.API, others []route.Route) *http.ServeMux {
	doc := complete(api, others)
	content := sync.OnceValue(func() *static.File {
		explain(doc)
		text, err := json.Marshal(doc)
		if err != nil {
			panic(fmt.Errorf("writing the API's description: %w", err)) // a fault of the program
		}
		return static.New("application/openapi+json", text)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		content().ServeHTTP(w, r)
	})
	return mux
}

// complete adds to an API's document the identity API and others.
func complete(api huma.API, others []route.Route) *huma.OpenAPI {
	route.Describe(api, slices.Concat(iam.Routes(), others))
	route.Settle(api.OpenAPI())
	return api.OpenAPI()
}
