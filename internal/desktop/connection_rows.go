package desktop

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type connection struct {
	ID         string `bun:",pk"`
	DesktopID  string
	UserID     string
	SignInHash string
	Gateway    string
	Opened     time.Time
	LeaseUntil time.Time
}

type connectionRow struct {
	bun.BaseModel `bun:"table:connections"`
	connection
}

func (r connectionRow) domain() Connection { return Connection(r.connection) }

// InsertConnection inserts a connection.
func InsertConnection(ctx context.Context, t *store.Tx, c Connection) error {
	_, err := t.Inserting(&connectionRow{connection: connection(c)}).Exec(ctx)
	return t.Dangling(err)
}

// ExtendConnections extends the leases of all connections of a gateway until a time.
func ExtendConnections(ctx context.Context, t *store.Tx, gateway string, until time.Time) error {
	_, err := t.NewUpdate().Model((*connectionRow)(nil)).Where("gateway = ?", gateway).Set("lease_until = ?", until).Exec(ctx)
	return err
}

// DeleteConnection deletes a connection. A missing row is a success.
func DeleteConnection(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewDelete().Model((*connectionRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// Connections returns the open connections of a desktop with a valid lease, oldest first.
func Connections(ctx context.Context, t *store.Tx, desktopID string) ([]Connection, error) {
	var rows []connectionRow
	err := t.NewSelect().Model(&rows).Where("desktop_id = ? AND lease_until > ?", desktopID, t.Now()).
		Order("opened", "id").Scan(ctx)
	return store.Convert(rows, connectionRow.domain), err
}

// DropConnectionsOf deletes the connections of a user, and returns them.
func DropConnectionsOf(ctx context.Context, t *store.Tx, userID string) ([]Connection, error) {
	var rows []connectionRow
	err := t.NewRaw("DELETE FROM connections WHERE user_id = ? RETURNING *", userID).Scan(ctx, &rows)
	return store.Convert(rows, connectionRow.domain), err
}

// DropStaleConnections deletes connections whose lease has ended, and returns them.
func DropStaleConnections(ctx context.Context, t *store.Tx) ([]Connection, error) {
	var rows []connectionRow
	err := t.NewRaw("DELETE FROM connections WHERE lease_until <= ? RETURNING *", t.Now()).Scan(ctx, &rows)
	return store.Convert(rows, connectionRow.domain), err
}

type grounds struct {
	ConnectionID string
	Status       DesktopStatus
	Task         workspace.Task
	Assigned     bool
	SignedIn     bool
	Locked       bool
	Disabled     bool
	UserExpires  time.Time `bun:",nullzero"`
	Replaced     bool
}

// ReadGrounds reads the grounds of each connection of a gateway, in one statement: gateways ask every second.
func ReadGrounds(ctx context.Context, t *store.Tx, gateway string) ([]Grounds, error) {
	var rows []grounds
	err := t.NewRaw(`
		SELECT c.id AS connection_id, d.status, d.task,
			EXISTS (SELECT 1 FROM holdings AS h WHERE h.desktop_id = c.desktop_id AND h.user_id = c.user_id) AS assigned,
			EXISTS (SELECT 1 FROM sign_ins AS s WHERE s.token_hash = c.sign_in_hash AND s.expires > ?0) AS signed_in,
			u.locked, u.disabled, u.expires AS user_expires,
			EXISTS (SELECT 1 FROM connections AS n
				WHERE n.desktop_id = c.desktop_id AND n.user_id = c.user_id AND n.lease_until > ?0
				AND (n.opened > c.opened OR n.opened = c.opened AND n.id > c.id)) AS replaced
		FROM connections AS c JOIN users AS u ON u.id = c.user_id JOIN desktops AS d ON d.id = c.desktop_id
		WHERE c.gateway = ?1 ORDER BY c.id`, t.Now(), gateway).Scan(ctx, &rows)
	return store.Convert(rows, func(g grounds) Grounds { return Grounds(g) }), err
}
