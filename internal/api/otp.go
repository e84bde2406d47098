package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/signin"
)

func (s *Server) listOTPDevices(ctx context.Context, in *wire.ListOtpDevicesByUserIdInput) (wire.ListOtpDevicesByUserIdResponse, error) {
	u, devices, err := s.Services.SignIn.OTPDevices(ctx, in.ProjectID, in.UserID)
	return wire.ListOtpDevicesByUserIdResponse{OTPDevices: each(devices, func(d signin.OTPDevice) wire.OtpDevice {
		return wire.OtpDevice{ID: d.ID, UserID: u.ID, UserName: u.Name, Status: string(d.Status), CreateTime: stamp(d.Created)}
	})}, err
}

func (s *Server) deleteOTPDevices(ctx context.Context, in *wire.BatchDeleteOtpDevicesInput) error {
	return s.Services.SignIn.UnbindOTPDevices(ctx, caller(ctx, in.Project), in.UserID, in.Body.OTPIDs)
}
