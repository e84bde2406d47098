package store

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// reservePatience is how long to wait for a name: the server may need a moment to see that a process was killed.
const reservePatience = 2 * time.Second

// ownGhost is how long the server may consider this process's own lost connection open.
const ownGhost = 45 * time.Second

// reserve holds an advisory lock for each name, on a connection of its own: the server releases them when that ends.
func (p postgresDialect) reserve(ctx context.Context, log *slog.Logger, names []Name, lost func(error)) (func(), error) {
	c, err := p.takeNames(ctx, names)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.keepNames(ctx, c, log, names); err != nil {
			lost(err)
		}
	}()
	return func() {
		stop()
		<-done
	}, nil
}

// keepNames returns nil when ctx ends, and an error if another process has a name. If the connection is lost, it takes the names
// again as soon as the server answers.
func (p postgresDialect) keepNames(ctx context.Context, c *pgx.Conn, log *slog.Logger, names []Name) error {
	for {
		_, err := c.WaitForNotification(ctx) // no notification comes: this waits for the connection's end
		_ = c.Close(context.WithoutCancel(ctx))
		if ctx.Err() != nil {
			return nil
		}
		log.WarnContext(ctx, "the connection that holds this process's name was lost", "error", err)
		for lost := time.Now(); ; {
			if c, err = p.takeNames(ctx, names); err == nil {
				break
			}
			if errors.Is(err, ErrReserved) && time.Since(lost) > ownGhost {
				return err
			}
			if pause(ctx, time.Second) != nil {
				return nil
			}
		}
	}
}

// takeNames connects and takes all names, or returns an error.
func (p postgresDialect) takeNames(ctx context.Context, names []Name) (_ *pgx.Conn, err error) {
	config := p.config.Copy()
	// If this host dies silently, the server notices within half a minute.
	config.RuntimeParams["tcp_keepalives_idle"] = "10"
	config.RuntimeParams["tcp_keepalives_interval"] = "5"
	config.RuntimeParams["tcp_keepalives_count"] = "3"
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = c.Close(context.WithoutCancel(ctx))
		}
	}()
	for _, n := range names {
		if err := takeName(ctx, c, n); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func takeName(ctx context.Context, c *pgx.Conn, n Name) error {
	statement := "SELECT pg_try_advisory_lock($1, $2)"
	if n.Shared {
		statement = "SELECT pg_try_advisory_lock_shared($1, $2)"
	}
	hash := fnv.New32a()
	hash.Write([]byte(n.Text))
	for begun := time.Now(); ; {
		var taken bool
		if err := c.QueryRow(ctx, statement, nameLock, int32(hash.Sum32())).Scan(&taken); err != nil || taken {
			return err
		}
		if time.Since(begun) >= reservePatience {
			return &ReservedError{n}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// nameLock is the first key of the advisory locks for names: "carr" in ASCII.
const nameLock = int32(0x63617272)
