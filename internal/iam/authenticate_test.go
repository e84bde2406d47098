package iam_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestATokenAndASignatureMustBeOfTheSameUserAndAgency(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addUser("ann", "")
		k, plain, err := e.iam.CreateKey(e.Context(), workspace.Caller{ProjectID: e.first.DomainID}, id, "")
		if err != nil {
			t.Fatal(err)
		}
		e.newAgency(iam.NewAgency{Name: "night", TrustUserID: id, Role: iam.RoleAdmin})
		own := e.tokenOf("ann", readerPassword, nil)
		a := e.wants(e.assumeRole(own, object{"domain_id": e.first.DomainID, "agency_name": "night"}, nil), http.StatusCreated)
		both := func(token string) *http.Request {
			return withHeader(signed(key{access: k.ID, secret: plain}, "GET", "/v3/auth/projects", ""), "X-Auth-Token", token)
		}
		e.wants(e.do(both(own)), http.StatusOK)
		e.refused(e.do(both(a.header.Get("X-Subject-Token"))), 401, "APIGW.0301", "of different users")
		e.refused(e.do(both(e.token(nil))), 401, "APIGW.0301", "of different users")
	})
}

func TestASignatureOfAnotherTimeIsRefused(t *testing.T) {
	inEnv(t, func(e *env) {
		for _, ago := range []time.Duration{16 * time.Minute, -16 * time.Minute} {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			r.Header.Set("X-Sdk-Date", time.Now().Add(-ago).UTC().Format("20060102T150405Z"))
			e.refused(e.do(r), 401, "APIGW.0303", "set the clock")
		}
	})
}

func TestAnAgencyTrustsOneAccount(t *testing.T) {
	inEnv(t, func(e *env) {
		e.newAgency(iam.NewAgency{Name: "foreign", TrustAccountID: "another", Role: iam.RoleReader})
		e.refused(e.assume(e.token(nil), "foreign", nil), 403, "IAM.0003", `there is no agency "foreign" that trusts the caller`)
	})
}

func TestAllResourcesOfARequestMustBeAllowed(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addUser("ann", "")
		e.attach(e.at("users", id), e.policy("team a", "XA", teamA))
		of := func(teams ...string) func(*iam.Access) {
			return func(a *iam.Access) {
				a.Resources = func(context.Context) (all []workspace.ResourceLabels, err error) {
					for _, team := range teams {
						all = append(all, workspace.ResourceLabels{ID: team, Tags: []workspace.Tag{{Key: "team", Value: team}}})
					}
					return all, nil
				}
			}
		}
		token := e.tokenOf("ann", readerPassword, nil)
		e.may(true, token, "workspace:desktops:delete", of("a", "a"))
		e.may(false, token, "workspace:desktops:delete", of("b", "a"))
		e.may(false, token, "workspace:desktops:delete", of("a", "b"))
	})
}

func TestRightsThatAreRolledBackAreNotRemembered(t *testing.T) {
	inEnv(t, func(e *env) {
		e.iam.Recheck = iam.DefaultRecheck
		id := e.addUser("ann", "")
		ann := e.principal(e.tokenOf("ann", readerPassword, nil))
		pass(11 * time.Minute) // what was read for the token is forgotten
		lists := iam.Access{ProjectID: e.first.ProjectID, Action: "workspace:desktops:list"}
		var inside error
		_, err := store.Requests{Store: e.iam.Store}.Run(e.Context(), workspace.Request{Rehearse: true}, func(within context.Context) workspace.Answer {
			reader := iam.RoleGrant{AdminID: id, RoleID: "reader", Scope: iam.ScopeDomain, ScopeID: e.first.DomainID}
			if err := e.iam.Attach(within, workspace.Caller{ProjectID: e.first.DomainID}, reader); err != nil {
				t.Error(err)
			}
			_, inside = e.iam.Authorize(within, ann, lists)
			return workspace.Answer{Status: http.StatusOK}
		})
		if err != nil || inside != nil {
			e.Fatal(err, inside)
		}
		if _, err := e.iam.Authorize(e.Context(), ann, lists); workspace.CodeOf(err) != workspace.CodeForbidden {
			t.Errorf("after the role was never attached: %v", err)
		}
	})
}
