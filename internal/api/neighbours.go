package api

import (
	"context"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
)

func (s *Server) novaZones(ctx context.Context, _ *wire.NovaListAvailabilityZonesInput) (wire.NovaListAvailabilityZonesResponse, error) {
	zones, err := s.Services.Catalog.Zones(ctx)
	return wire.NovaListAvailabilityZonesResponse{AvailabilityZoneInfo: each(zones, func(z catalog.Zone) wire.NovaZone {
		return wire.NovaZone{ZoneName: z.ID, ZoneState: wire.NovaZoneState{Available: true}}
	})}, err
}

// listNameServers names no addresses: the name server of a desktop is the gateway of its subnet, unless the subnet has others.
func (s *Server) listNameServers(_ context.Context, in *wire.ListNameServersInput) (wire.ListNameServersResponse, error) {
	out := wire.ListNameServersResponse{Nameservers: []wire.NameServer{}}
	if in.Type != "public" && (in.Region == "" || in.Region == s.IAM.Region) {
		out.Nameservers = append(out.Nameservers, wire.NameServer{Type: "private", Region: s.IAM.Region, NsRecords: []wire.NameServerAddress{}})
	}
	return out, nil
}

func (s *Server) cinderTypes(ctx context.Context, _ *wire.CinderListVolumeTypesInput) (wire.CinderListVolumeTypesResponse, error) {
	types, err := s.Services.Catalog.VolumeTypes(ctx)
	if err != nil {
		return wire.CinderListVolumeTypesResponse{}, err
	}
	zones, err := s.Services.Catalog.Zones(ctx)
	names := strings.Join(each(zones, func(z catalog.Zone) string { return z.ID }), ",")
	return wire.CinderListVolumeTypesResponse{VolumeTypes: each(types, func(v catalog.VolumeType) wire.CinderVolumeType {
		return wire.CinderVolumeType{ID: v.ID, Name: v.ID, IsPublic: true, ExtraSpecs: wire.VolumeTypeSpecs{Zones: names, Zone: names}}
	})}, err
}
