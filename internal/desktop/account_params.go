package desktop

// AccountParams are the parameters of sub-jobs that bring the accounts inside a desktop up to date.
type AccountParams struct {
	Gained  []Recipient `json:"gained,omitempty"`   // who has the desktop now and is told when it is ready
	Remark  string      `json:"remark,omitempty"`   // shown with the sub-job's success
	ShutOff bool        `json:"shut_off,omitempty"` // the desktop is stopped afterwards
	Reboot  bool        `json:"reboot,omitempty"`   // the desktop is restarted afterwards, if it runs
}

// Recipient is somebody who gets a mail.
type Recipient struct {
	UserID string `json:"user_id"`
	Email  string `json:"email,omitempty"` // in place of their own address
}
