package workspace

import (
	"errors"
	"fmt"
	"time"
)

// Code identifies a kind of error in the API. Package api maps every Code to one HTTP status.
type Code string

// The codes; what each means to a caller is in package api (catalogue). Those marked "documented" are the public service's own; the others have the same form.
const (
	CodeEmptyBody          Code = "WKS.0001"     // documented
	CodeAddingVolumes      Code = "WKS.0407"     // documented: disks are being added to the desktop; trying again later helps
	CodeConflict           Code = "WKS.00010032" // documented: the current state does not allow it; trying again later may help
	CodeNotSubscribed      Code = "WKS.00010099" // documented: the Workspace service is not open for this project
	CodeUserNotFound       Code = "WKS.00170312" // documented
	CodeGroupNotFound      Code = "WKS.00170208" // documented
	CodeProjectNotFound    Code = "WKS.00170117" // documented: tenant does not exist
	CodeInvalid            Code = "WKS.00010001" // a field is missing, malformed or outside its limits
	CodeUnsupported        Code = "WKS.00010002" // a field that Carrel does not support
	CodeMalformed          Code = "WKS.00010003" // the body is not the JSON that the operation takes
	CodeTooLarge           Code = "WKS.00010004"
	CodeDesktopNotFound    Code = "WKS.00010011"
	CodeJobNotFound        Code = "WKS.00010012"
	CodeProductNotFound    Code = "WKS.00010013"
	CodeImageNotFound      Code = "WKS.00010014"
	CodeCloudImageNotFound Code = "IMG.0027" // CodeImageNotFound of operations of IMS
	CodeSubnetNotFound     Code = "WKS.00010015"
	CodeSecurityNotFound   Code = "WKS.00010016"
	CodeZoneNotFound       Code = "WKS.00010017"
	CodePoolNotFound       Code = "WKS.00010018"
	CodePolicyNotFound     Code = "WKS.00010019" // a name policy
	CodeOUNotFound         Code = "WKS.00010020"
	CodeExportNotFound     Code = "WKS.00010024"
	CodeScriptNotFound     Code = "WKS.00010025"
	CodeNameTaken          Code = "WKS.00010021" // a computer, user or other name is in use
	CodeAddressTaken       Code = "WKS.00010022"
	CodeNoAddress          Code = "WKS.00010023" // the subnet is full
	CodeCapacityExceeded   Code = "WKS.00010041" // more disk or memory would be promised than exists
	CodeQuotaExceeded      Code = "WKS.00010042" // the project would have more than the operator allows it
	CodeServiceLocked      Code = "WKS.00010043" // the project's service is locked
	CodeSettingOff         Code = "WKS.00010044" // a setting of the project does not allow it
	CodeImageNotOwned      Code = "WKS.00010045" // an image of the installation, or of another project
	CodeForbidden          Code = "WKS.00010031"
	CodeBadCredentials     Code = "WKS.00170301" // portal sign-in refused
	CodeRateLimited        Code = "WKS.00010033"
	CodeTokenReused        Code = "WKS.00010034" // X-Client-Token was sent with another request before
	CodeInternal           Code = "WKS.00000001"
	CodeEngineRefused      Code = "WKS.00020001" // in sub-jobs: the engine refused it
	CodeNoCapacity         Code = "WKS.00020002" // in sub-jobs: no host has capacity
	CodeDeadline           Code = "WKS.00020003" // in sub-jobs: took longer than its deadline
	CodeGone               Code = "WKS.00020004" // in sub-jobs: the desktop was deleted in the meantime
	CodeUnavailable        Code = "WKS.00020005" // the engine or the desktop does not answer
	CodeNoDatabase         Code = "WKS.00020007" // the database does not answer; Retry-After says when to try again
	CodeStopped            Code = "WKS.00020006" // in sub-jobs: the rebuild of the pool was stopped before the desktop's turn
	CodeScriptFailed       Code = "WKS.00020008" // in sub-jobs: a script failed

	CodeVolumeNotFound     Code = "WKS.00010050" // a disk of a desktop
	CodeSnapshotNotFound   Code = "WKS.00010051"
	CodeScriptTaskNotFound Code = "WKS.00010026" // or a record of one
	CodeEnterpriseNotFound Code = "WKS.00010027" // an enterprise project
	CodeEnterpriseDisabled Code = "WKS.00010028" // it takes nothing new
	CodeNoAgency           Code = "WKS.00010029" // the project has not authorized the service
	CodeNetworkNotFound    Code = "WKS.00010061" // a VPC, subnet, security group or rule of the path
)

// OutageRetry is the delay before trying again after CodeNoDatabase.
const OutageRetry = 5 * time.Second

// Error is an error with two audiences: Message is for the caller and says what to do, Err is for the log. Any other error is
// internal.
type Error struct {
	Code    Code
	Message string
	Detail  string // all that is wrong, if Message has only the first
	Err     error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Code) + ": " + e.Message
	}
	return string(e.Code) + ": " + e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error. A %w operand becomes its cause and is part of the message too, so wrap only what a caller may read.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// CodeOf returns the code of the first Error in err's chain, or CodeInternal.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Message: field + ": " + fmt.Sprintf(format, args...)}
}

func Unsupported(field, why string) *Error {
	return &Error{Code: CodeUnsupported, Message: field + ": " + why}
}

// The maximum length of message and detail, in bytes: both may repeat what a caller sent.
const (
	maxMessage = 1000
	maxDetail  = 8000
)

// MessageOf returns the part of err that a caller may read.
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return Clip(e.Message, maxMessage)
	}
	return "an internal error occurred; it is in the server's log"
}

// DetailOf returns the detail of err that a caller may read, if it is more than the message.
func DetailOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return Clip(e.Detail, maxDetail)
	}
	return ""
}

// InField adds to an error the request's field that it is about.
func InField(field string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	return &Error{Code: e.Code, Message: field + ": " + e.Message, Detail: e.Detail, Err: e.Err}
}
