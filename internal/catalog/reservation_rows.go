package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
)

// installationRow is the one row of its table.
type installationRow struct {
	bun.BaseModel `bun:"table:installations,alias:i"`
	Singleton     int64 `bun:",pk"`
	ID            string
	Created       time.Time
}

// Installation reads the id of this installation; empty before it has one.
func Installation(ctx context.Context, t *store.Tx) (string, error) {
	var ids []string
	err := t.NewSelect().Model((*installationRow)(nil)).Column("id").Scan(ctx, &ids)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// PutInstallation sets the installation's id, unless it has one, and returns the one that it has then. The primary key decides
// between concurrent starts.
func PutInstallation(ctx context.Context, t *store.Tx, id string) (string, error) {
	_, err := t.Inserting(&installationRow{Singleton: 1, ID: id, Created: t.Now()}).On("CONFLICT (singleton) DO NOTHING").Exec(ctx)
	if err != nil {
		return "", err
	}
	return Installation(ctx, t)
}

// LockRanges locks the ranges of all projects until the transaction ends: of two transactions that give out ranges, the second sees that of the first.
func LockRanges(ctx context.Context, t *store.Tx) error {
	var rows []installationRow
	return t.ForUpdate(t.NewSelect().Model(&rows), "i").Scan(ctx)
}

type reservationRow struct {
	bun.BaseModel `bun:"table:reserved_addresses"`
	SubnetID      string `bun:",pk"`
	AddressNumber int64  `bun:",pk"`
	Holder        string
}

func newReservationRow(r Reservation) (reservationRow, error) {
	number, err := AddressNumber(r.Address)
	if err != nil {
		return reservationRow{}, fmt.Errorf("reserving an address of subnet %s: %w", r.SubnetID, err)
	}
	return reservationRow{SubnetID: r.SubnetID, AddressNumber: number, Holder: r.Holder}, nil
}

// PutReservations replaces the reserved addresses of a subnet. It locks the subnet, as FreeAddresses does.
func PutReservations(ctx context.Context, t *store.Tx, subnetID string, all []Reservation) error {
	var s subnetRow
	if err := t.ForUpdate(t.NewSelect().Model(&s).Where("s.id = ?", subnetID), "s").Scan(ctx); err != nil {
		return fmt.Errorf("holding subnet %s: %w", subnetID, err)
	}
	if _, err := t.NewDelete().Model((*reservationRow)(nil)).Where("subnet_id = ?", subnetID).Exec(ctx); err != nil {
		return err
	}
	rows := make([]reservationRow, len(all))
	for i, r := range all {
		row, err := newReservationRow(r)
		if err != nil {
			return err
		}
		rows[i] = row
	}
	for part := range slices.Chunk(rows, store.Batch) {
		if _, err := t.Inserting(&part).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ReserveAddress inserts a reservation, unless it exists.
func ReserveAddress(ctx context.Context, t *store.Tx, r Reservation) error {
	row, err := newReservationRow(r)
	if err != nil {
		return err
	}
	_, err = t.Inserting(&row).On("CONFLICT DO NOTHING").Exec(ctx)
	return err
}

// Reservations reads which of the addresses of a subnet are reserved.
func Reservations(ctx context.Context, t *store.Tx, subnetID string, addresses []string) ([]Reservation, error) {
	var found []Reservation
	for part := range slices.Chunk(addresses, store.Batch) {
		numbers := make([]int64, len(part))
		for i, a := range part {
			number, err := AddressNumber(a)
			if err != nil {
				return nil, err
			}
			numbers[i] = number
		}
		var rows []reservationRow
		err := t.NewSelect().Model(&rows).Where("subnet_id = ? AND address_number IN (?)", subnetID, bun.List(numbers)).
			Order("address_number").Scan(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			found = append(found, Reservation{SubnetID: r.SubnetID, Address: addressOf(r.AddressNumber), Holder: r.Holder})
		}
	}
	return found, nil
}
