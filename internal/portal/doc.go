// Package portal is the HTTP interface for users of desktops: the page at / and its JSON API under /portal/api.
//
// Handlers decode the request, make one call to the domain and encode the response. A session is a cookie that scripts cannot read and
// other sites cannot send; requests with side effects are refused if the browser reports another origin.
package portal
