package address

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// list reads a page of addresses and counts all that match.
func list(ctx context.Context, t *store.Tx, f Query) ([]Address, int, error) {
	var found []Address
	q := t.NewSelect().Model(&found).ColumnExpr("a.*").ColumnExpr("COALESCE(d.name, '') AS desktop_name, COALESCE(d.address, '') AS private_address").
		Join("LEFT JOIN desktops AS d ON d.id = a.desktop_id").Where("a.project_id = ?", f.ProjectID)
	q = store.Among(q, "a.id", f.IDs)
	q = store.Among(q, "a.desktop_id", f.DesktopIDs)
	q = store.Among(q, "a.address", f.Addresses)
	q = store.Among(q, "d.address", f.Private)
	q = store.Equal(q, "a.enterprise_id", f.EnterpriseID)
	q = store.Containing(q, "d.name_folded", f.DesktopName)
	q = store.Containing(q, "a.address", f.Address)
	if f.UserName != "" {
		q = q.Where("a.desktop_id IN (SELECT h.desktop_id FROM holdings AS h WHERE h.user_id IN (SELECT u.id FROM users AS u "+
			`WHERE u.name_folded LIKE ? ESCAPE '\'))`, store.LikePart(f.UserName))
	}
	if f.Bound != nil && *f.Bound {
		q = q.Where("a.desktop_id IS NOT NULL")
	} else if f.Bound != nil {
		q = q.Where("a.desktop_id IS NULL")
	}
	if f.ByID {
		q = q.Where("a.id > ?", f.After)
		total, err := store.ReadPage(ctx, q, f.Page, false, "a.id")
		return found, total, err
	}
	total, err := store.ReadPage(ctx, q, f.Page, false, "a.created", "a.id")
	return found, total, err
}

// lock reads addresses of a project and locks their rows until the transaction ends, in the order of their ids.
func lock(ctx context.Context, t *store.Tx, projectID string, ids []string) (found []Address, err error) {
	q := t.NewSelect().Model(&found).Where("a.project_id = ? AND a.id IN (?)", projectID, bun.List(sortedIDs(ids))).Order("a.id")
	err = t.ForUpdate(q, "a").Scan(ctx)
	return found, err
}

// count counts the addresses of a project.
func count(ctx context.Context, t *store.Tx, projectID string) (int, error) {
	n, err := t.NewSelect().Model((*Address)(nil)).Where("a.project_id = ?", projectID).Count(ctx)
	return int(n), err
}

// taken reads which addresses some project has.
func taken(ctx context.Context, t *store.Tx) (map[string]bool, error) {
	var all []string
	err := t.NewSelect().Model((*Address)(nil)).Column("address").Scan(ctx, &all)
	used := make(map[string]bool, len(all))
	for _, a := range all {
		used[a] = true
	}
	return used, err
}

// insert inserts a row, and reports whether its address was free. Of callers at once the unique index lets one through, the others wait for it.
func insert(ctx context.Context, t *store.Tx, a Address) (bool, error) {
	n, err := store.Affected(t.Inserting(&a).On("CONFLICT (address) DO NOTHING").Exec(ctx))
	if err != nil && t.Violated(err) == "public_addresses_desktop_id" {
		return false, t.Refuse(alreadyBound(a.DesktopID))
	}
	return n > 0, err
}

// save writes what can change of a row.
func save(ctx context.Context, t *store.Tx, a Address) error {
	_, err := t.NewUpdate().Model(&a).Column("name", "charge_mode", "mbit", "desktop_id", "network", "with_desktop").WherePK().Exec(ctx)
	if err != nil && t.Violated(err) == "public_addresses_desktop_id" {
		return t.Refuse(alreadyBound(a.DesktopID))
	}
	return err
}

func remove(ctx context.Context, t *store.Tx, ids []string) error {
	_, err := t.NewDelete().Model((*Address)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return err
}

// target is a desktop that an address can lead to.
type target struct {
	ID      string
	Name    string
	Network string
}

// targets reads desktops of a project, and holds them until the transaction ends.
func targets(ctx context.Context, t *store.Tx, projectID string, ids []string) (map[string]target, error) {
	var locked []string
	q := t.NewSelect().TableExpr("desktops AS d").ColumnExpr("d.id").Where("d.project_id = ? AND d.id IN (?)", projectID, bun.List(sortedIDs(ids))).Order("d.id")
	if err := t.ForUpdate(q, "d").Scan(ctx, &locked); err != nil || len(locked) == 0 {
		return nil, err
	}
	var rows []target
	err := t.NewRaw(`SELECT d.id, d.name, s.network FROM desktops AS d JOIN subnets AS s ON s.id = d.subnet_id WHERE d.id IN (?)`, bun.List(locked)).Scan(ctx, &rows)
	found := make(map[string]target, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, err
}

// touch has the rules of networks compiled again.
func touch(ctx context.Context, t *store.Tx, networks ...string) error {
	_, err := t.NewRaw("UPDATE networks SET dirty = TRUE WHERE id IN (?) AND NOT dirty", bun.List(networks)).Exec(ctx)
	if err != nil {
		return err
	}
	return t.WakeWorkers(ctx)
}

// Forward is an address that leads to a desktop.
type Forward struct {
	Address string
	Private string
	Mbit    int
}

// Forwards reads the addresses that lead to desktops on a network of the engine.
func Forwards(ctx context.Context, t *store.Tx, network string) (all []Forward, err error) {
	err = t.NewRaw(`SELECT a.address, d.address AS private, a.mbit FROM public_addresses AS a JOIN desktops AS d ON d.id = a.desktop_id AND d.address_number > 0
		JOIN subnets AS s ON s.id = d.subnet_id WHERE a.network = ?0 AND s.network = ?0 ORDER BY a.address`, network).Scan(ctx, &all)
	return all, err
}

// Loose reads the networks that may still forward addresses which lead to no desktop any more.
func Loose(ctx context.Context, t *store.Tx) (networks []string, err error) {
	err = t.NewRaw("SELECT DISTINCT a.network FROM public_addresses AS a WHERE a.desktop_id IS NULL AND a.network <> '' ORDER BY a.network").Scan(ctx, &networks)
	return networks, err
}

// Settle notes that a network's rules have been compiled without its loose addresses, or that it is gone: those that came with their desktops are released.
func Settle(ctx context.Context, t *store.Tx, network string) error {
	for _, statement := range []string{
		"DELETE FROM public_addresses WHERE network = ? AND desktop_id IS NULL AND with_desktop",
		"UPDATE public_addresses SET network = '' WHERE network = ? AND desktop_id IS NULL",
	} {
		if _, err := t.NewRaw(statement, network).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Follow notes that a desktop is on another network now.
func Follow(ctx context.Context, t *store.Tx, desktopID, network string) error {
	_, err := t.NewRaw("UPDATE public_addresses SET network = ? WHERE desktop_id = ?", network, desktopID).Exec(ctx)
	return err
}

// DeleteAll releases the addresses of a project that is deleted, in which no desktop is. Networks take them out of their rules when they are compiled.
func DeleteAll(ctx context.Context, t *store.Tx, projectID string) error {
	_, err := t.NewRaw("DELETE FROM public_addresses WHERE project_id = ?", projectID).Exec(ctx)
	return err
}

func alreadyBound(desktopID string) error {
	return workspace.Errorf(workspace.CodeConflict, "desktop %s has a public address: unbind that first", desktopID)
}
