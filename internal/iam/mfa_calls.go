package iam

import (
	"net/http"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The wire forms of authenticators.
type (
	createDeviceInput   struct{ Body createDeviceRequest }
	createDeviceRequest struct {
		Device createDeviceFields `json:"virtual_mfa_device" required:"true"`
	}
	createDeviceFields struct {
		Name   string `json:"name" required:"true" doc:"1 to 128 characters; the app shows it"`
		UserID string `json:"user_id" doc:"The caller; may be absent"`
	}
	createdDeviceBody struct {
		Device createdDevice `json:"virtual_mfa_device"`
	}
	createdDevice struct {
		Name         string `json:"name"`
		SerialNumber string `json:"serial_number"`
		Seed         string `json:"base32_string_seed" doc:"The secret for the app; only this answer has it"`
	}

	bindDeviceInput   struct{ Body bindDeviceRequest }
	bindDeviceRequest struct {
		UserID       string `json:"user_id" required:"true" doc:"The caller"`
		SerialNumber string `json:"serial_number" required:"true"`
		First        string `json:"authentication_code_first" required:"true" doc:"Six digits that the app shows"`
		Second       string `json:"authentication_code_second" required:"true" doc:"The six digits that it shows next"`
	}
	unbindDeviceInput   struct{ Body unbindDeviceRequest }
	unbindDeviceRequest struct {
		UserID       string `json:"user_id" required:"true"`
		SerialNumber string `json:"serial_number" required:"true"`
		Code         string `json:"authentication_code" doc:"Six digits that the app shows; administrators who unbind that of somebody else need none"`
	}

	devicesInput struct {
		Page    string `query:"page" doc:"A number from 1"`
		PerPage string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
	}
	deviceBody struct {
		SerialNumber string `json:"serial_number"`
		UserID       string `json:"user_id"`
	}
	oneDeviceBody struct {
		Device deviceBody `json:"virtual_mfa_device"`
	}
	devicesBody struct {
		Devices []deviceBody `json:"virtual_mfa_devices"`
	}
)

// ownOnly refuses another user than the caller, and agencies and temporary keys, which have no authenticators.
func ownOnly(r *http.Request, field, userID string) (Principal, error) {
	p, _ := PrincipalFrom(r.Context())
	switch {
	case userID != "" && userID != p.AdminID:
		return p, forbidden("%s: is not the caller; users set up their authenticators themselves", field)
	case p.Temporary || p.AgencyID != "":
		return p, forbidden("a temporary access key or an agency cannot set up an authenticator, use a permanent key or a token of a user")
	}
	return p, nil
}

// createDevice makes an authenticator, which has no effect before it is bound.
func (s *Service) createDevice(r *http.Request, in *createDeviceInput) (*body[createdDeviceBody], error) {
	p, err := ownOnly(r, "virtual_mfa_device.user_id", in.Body.Device.UserID)
	if err != nil {
		return nil, err
	}
	d, secret, err := s.BeginEnrolment(r.Context(), s.act(r, workspace.Resource{Type: ResourceDevice}), p.AdminID, in.Body.Device.Name)
	if err != nil {
		return nil, err
	}
	return &body[createdDeviceBody]{Body: createdDeviceBody{createdDevice{d.Name, serial(p.AccountID, d), secret}}}, nil
}

// chargeBinding counts the attempt.
func (s *Service) chargeBinding(r *http.Request, in *bindDeviceInput) (*http.Request, error) {
	p, err := ownOnly(r, "user_id", in.Body.UserID)
	if err == nil {
		err = s.chargeCode(r.Context(), p.AccountID, network(r), p.AdminID, in.Body.SerialNumber)
	}
	return r, err
}

func (s *Service) bindDevice(r *http.Request, in *bindDeviceInput) error {
	p, _ := PrincipalFrom(r.Context())
	c := s.act(r, workspace.Resource{Type: ResourceDevice})
	return s.BindDevice(r.Context(), c, network(r), p.AdminID, in.Body.SerialNumber, in.Body.First, in.Body.Second)
}

// chargeUnbinding counts the attempt with the code of an own authenticator. Those of others are for administrators, who are asked when somebody has
// lost a phone.
func (s *Service) chargeUnbinding(r *http.Request, in *unbindDeviceInput) (*http.Request, error) {
	p, _ := PrincipalFrom(r.Context())
	if in.Body.UserID != p.AdminID {
		err := s.permit(r.Context(), p, operationOf(r.Context()).needs)
		return r, ofOthers(err, "user_id", "the authenticators of others are for administrators")
	}
	return r, s.chargeCode(r.Context(), p.AccountID, network(r), p.AdminID, in.Body.SerialNumber)
}

// unbindDevice removes an authenticator.
func (s *Service) unbindDevice(r *http.Request, in *unbindDeviceInput) error {
	c := s.act(r, workspace.Resource{Type: ResourceDevice})
	return s.UnbindDevice(r.Context(), c, network(r), in.Body.UserID, in.Body.SerialNumber, in.Body.Code)
}

func (s *Service) listDevices(r *http.Request, in *devicesInput) (*body[devicesBody], error) {
	window, err := pageOf(in.Page, in.PerPage)
	if err != nil {
		return nil, err
	}
	p, _ := PrincipalFrom(r.Context())
	devices, err := store.View(r.Context(), s.Store, func(tx *store.Tx) ([]Device, error) { return Devices(r.Context(), tx, p.AccountID, window) })
	if err != nil {
		return nil, err
	}
	out := devicesBody{Devices: []deviceBody{}}
	for _, d := range devices {
		out.Devices = append(out.Devices, deviceBody{serial(p.AccountID, d), d.AdminID})
	}
	return &body[devicesBody]{Body: out}, nil
}

// showDevice shows a user's bound authenticator. Callers may ask about themselves.
func (s *Service) showDevice(r *http.Request, in *userInput) (*body[oneDeviceBody], error) {
	p, _ := PrincipalFrom(r.Context())
	if in.ID != p.AdminID {
		if err := s.permit(r.Context(), p, operationOf(r.Context()).needs); err != nil {
			return nil, err
		}
	}
	d, err := store.View(r.Context(), s.Store, func(tx *store.Tx) (Device, error) {
		if _, err := ReadAdmin(r.Context(), tx, p.AccountID, in.ID); err != nil {
			return Device{}, err
		}
		return ReadDevice(r.Context(), tx, in.ID)
	})
	if err == nil && !d.Registered {
		err = ErrNoIdentity
	}
	if err != nil {
		return nil, noneSuch(err, "authenticator of user", in.ID)
	}
	return &body[oneDeviceBody]{Body: oneDeviceBody{deviceBody{serial(p.AccountID, d), d.AdminID}}}, nil
}
