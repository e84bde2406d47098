package iam

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Agency is what users may act as, instead of themselves: those of a trusted account, which may be the same, or one of them.
type Agency struct {
	bun.BaseModel  `bun:"table:iam_agencies,alias:a"`
	ID             string `bun:",pk"`
	AccountID      string `audit:"-"`
	Name           string // unique in the account, ignoring case
	NameFolded     string // set by InsertAgency
	Description    string
	TrustAccountID string
	TrustAdminID   string // empty: every user of the trusted account who may assume agencies
	Role           Role   // what the agency may do in its account, besides what is attached to it; empty: none
	Seconds        int    // the longest life of a credential
	Created        time.Time
}

func (a Agency) life() time.Duration { return time.Duration(a.Seconds) * time.Second }

func resourceOfAgency(a Agency) workspace.Resource {
	return workspace.Resource{Type: ResourceAgency, ID: a.ID, Name: a.Name}
}

// InsertAgency inserts an agency.
func InsertAgency(ctx context.Context, t *store.Tx, a Agency) error {
	a.NameFolded = store.Fold(a.Name)
	t.AuditInsert(resourceOfAgency(a), &a)
	return insertRow(ctx, t, &a)
}

// ReadAgency reads an agency.
func ReadAgency(ctx context.Context, t *store.Tx, id string) (a Agency, err error) {
	return a, store.Read(ctx, t.NewSelect().Model(&a).Where("a.id = ?", id), ErrNoIdentity)
}

// ReadAgencyByName reads an agency of an account by its name, ignoring case.
func ReadAgencyByName(ctx context.Context, t *store.Tx, accountID, name string) (a Agency, err error) {
	q := t.NewSelect().Model(&a).Where("a.account_id = ?", accountID).Where("a.name_folded = ?", store.Fold(name))
	return a, store.Read(ctx, q, ErrNoIdentity)
}

// Agencies reads a page of an account's agencies, ordered by name.
func Agencies(ctx context.Context, t *store.Tx, accountID string, p workspace.Page) ([]Agency, error) {
	found := []Agency{}
	return found, t.NewSelect().Model(&found).Where("a.account_id = ?", accountID).Order("a.name_folded").
		Offset(int64(p.Offset)).Limit(int64(p.Limit)).Scan(ctx)
}

// DeleteAgency deletes an agency. Its tokens and temporary keys are refused from then on.
func DeleteAgency(ctx context.Context, t *store.Tx, a Agency) error {
	t.AuditRead(resourceOfAgency(a), &a)
	t.AuditDelete(resourceOfAgency(a))
	_, err := t.NewDelete().Model((*Agency)(nil)).Where("id = ?", a.ID).Exec(ctx)
	return err
}

// ReadAccountByName reads an account by its name.
func ReadAccountByName(ctx context.Context, t *store.Tx, name string) (a Account, err error) {
	return a, store.Read(ctx, t.NewSelect().Model(&a).Where("name = ?", name), ErrNoIdentity)
}
