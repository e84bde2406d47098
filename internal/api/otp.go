package api

import (
	"context"
	"net/http"

	"carrel/internal/iam"
	"carrel/internal/signin"
)

func (s *Server) otpOperations() []operation {
	const devices = "/v2/{project_id}/users/{user_id}/otp-devices"
	return []operation{
		{"GET", devices, "ListOtpDevicesByUserId", iam.Read, answering(s.listOTPDevices), "List a user's authenticator apps"},
		{"DELETE", devices, "BatchDeleteOtpDevices", iam.Write, silent(http.StatusOK, s.deleteOTPDevices), "Unbind authenticator apps: the user signs in without a code, or sets up an app again"},
	}
}

type otpDevicesReply struct {
	Devices []otpDevice `json:"otp_devices"`
}

type otpDevice struct {
	ID       string           `json:"id"`
	UserID   string           `json:"user_id"`
	UserName string           `json:"user_name"`
	Status   signin.OTPStatus `json:"status" enum:"UNREGISTER,REGISTERED" doc:"UNREGISTER: shown to the user, not confirmed yet"`
	Created  string           `json:"create_time"`
}

func (s *Server) listOTPDevices(ctx context.Context, in *UserPath) (otpDevicesReply, error) {
	u, devices, err := s.Services.SignIn.OTPDevices(ctx, in.ProjectID, in.UserID)
	reply := otpDevicesReply{Devices: []otpDevice{}}
	for _, d := range devices {
		reply.Devices = append(reply.Devices, otpDevice{ID: d.ID, UserID: u.ID, UserName: u.Name, Status: d.Status, Created: stamp(d.Created)})
	}
	return reply, err
}

type deleteOTPDevicesInput struct {
	UserPath
	Body struct {
		IDs []string `json:"otp_ids" required:"true" doc:"1 to 100"`
	}
}

func (s *Server) deleteOTPDevices(ctx context.Context, in *deleteOTPDevicesInput) error {
	return s.Services.SignIn.UnbindOTPDevices(ctx, in.caller(ctx), in.UserID, in.Body.IDs)
}
