package desktop

// AccountParams are the parameters of sub-jobs that update the accounts inside a desktop.
type AccountParams struct {
	Gained  []Recipient `json:"gained,omitempty"`   // users who have got the desktop, and get a message when it is ready
	Remark  string      `json:"remark,omitempty"`   // shown with the sub-job's success
	ShutOff bool        `json:"shut_off,omitempty"` // stop the desktop afterwards
	Reboot  bool        `json:"reboot,omitempty"`   // restart the desktop afterwards, if it runs
}

// Recipient is a user who gets a mail.
type Recipient struct {
	UserID string `json:"user_id"`
	Email  string `json:"email,omitempty"` // instead of their own address
}
