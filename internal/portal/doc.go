// Package portal is the HTTP face for people who work in desktops: the page at / and its JSON under /portal/api.
//
// Handlers decode, make one call to the domain and encode. A sign-in is a cookie that scripts cannot read and other sites
// cannot send; requests that change something are refused when a browser says that they come from another origin.
package portal
