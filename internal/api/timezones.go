package api

import (
	"context"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/timezone"
)

func (s *Server) listTimeZones(_ context.Context, in *wire.ListTimeZonesInput) (wire.ListTimeZonesResponse, error) {
	out := wire.ListTimeZonesResponse{TimeZones: []wire.Timezones{}}
	zones, err := timezone.Zones(time.Now())
	for _, z := range zones {
		if in.TimeZoneName == "" || in.TimeZoneName == z.Name {
			text := "(" + z.String() + ") " + z.Name
			out.TimeZones = append(out.TimeZones, wire.Timezones{
				TimeZone: z.String(), TimeZoneName: z.Name, TimeZoneDesc: text, TimeZoneDescUs: text, TimeZoneDescCn: text,
			})
		}
	}
	return out, err
}
