package api

import (
	"net/http"

	"carrel/internal/workspace"
)

// errorKind is an entry of the catalogue of errors.
type errorKind struct {
	code    workspace.Code
	status  int    // of HTTP, when a call is refused with it
	meaning string // a sentence
	message string // the form of error_msg
	remedy  string // what the caller can do
}

// The remedies that several errors share.
const (
	tryLater = "Try again later."
	correct  = "Correct the request; the same one is refused again."
)

// catalogue has every error of the API and of sub-jobs. Products, images, subnets and the like are named in bodies, never in paths, so a
// missing one makes a bad request; so does a missing user, as clients expect. docs/errors.md shows it.
var catalogue = []errorKind{
	{workspace.CodeInternal, http.StatusInternalServerError, "An internal error.", "an internal error occurred; it is in the server's log",
		"Tell the operator the response's X-Request-Id, under which the log has the details. The request may be repeated, safely with an X-Client-Token."},
	{workspace.CodeEmptyBody, http.StatusBadRequest, "The request has no body.", "the request has no body, send a JSON object", correct},
	{workspace.CodeInvalid, http.StatusBadRequest, "A field is missing, malformed or outside its limits.", "FIELD: what is wrong, with the limit; error_detail has all such fields", correct},
	{workspace.CodeUnsupported, http.StatusBadRequest, "A field requests something that is not supported.", "FIELD: why, and what to send instead", "Leave the field out, or send what the message names."},
	{workspace.CodeMalformed, http.StatusBadRequest, "The body or URL does not have the form that the operation expects, or is not UTF-8.", "the body is not valid JSON: where and why; FIELD: it is not UTF-8", correct},
	{workspace.CodeTooLarge, http.StatusRequestEntityTooLarge, "The body is too large, or the answer too large to be kept for a repetition.", "the body may have N MB", "Divide the request."},

	{workspace.CodeDesktopNotFound, http.StatusNotFound, "There is no such desktop.", "desktop ID does not exist", "List the desktops. If it was to be deleted, that has been done."},
	{workspace.CodeJobNotFound, http.StatusNotFound, "There is no such job or sub-job.", "job \"ID\" does not exist", "Records of jobs are deleted after a time: look at the desktop itself."},
	{workspace.CodeProductNotFound, http.StatusBadRequest, "There is no such product.", "product_id: product \"ID\" does not exist", "List the products."},
	{workspace.CodeImageNotFound, http.StatusBadRequest, "There is no such image, or the project may not use it.", "image_id: image \"ID\" does not exist", "List the images."},
	{workspace.CodeCloudImageNotFound, http.StatusNotFound, "There is no such image, or the project may not see it.", "image \"ID\" does not exist", "List the images: GET /v2/cloudimages."},
	{workspace.CodeSubnetNotFound, http.StatusBadRequest, "There is no such subnet, or no default one.", "nics[0].subnet_id: \"ID\" does not exist", "List the subnets."},
	{workspace.CodeSecurityNotFound, http.StatusBadRequest, "There is no such security group.", "security_groups[0].id: \"ID\" does not exist", "List the security groups."},
	{workspace.CodeNetworkNotFound, http.StatusNotFound, "There is no such VPC, subnet, security group, rule or public address.", "subnet \"ID\" does not exist", "List those that there are. If it was to be deleted, that has been done."},
	{workspace.CodeZoneNotFound, http.StatusBadRequest, "There is no such availability zone.", "availability_zone: \"NAME\" does not exist", "List the availability zones, or leave the field out."},
	{workspace.CodePoolNotFound, http.StatusNotFound, "There is no such desktop pool.", "pool \"ID\" does not exist", "List the pools."},
	{workspace.CodePolicyNotFound, http.StatusBadRequest, "There is no such name policy.", "FIELD: name policy \"ID\" does not exist", "List the name policies."},
	{workspace.CodeOUNotFound, http.StatusNotFound, "There is no such organisational unit.", "organisational unit \"ID\" does not exist", "List the organisational units."},
	{workspace.CodeExportNotFound, http.StatusNotFound, "There is no such export, or it has expired.", "export ID has expired, make a new one", "Make a new export."},
	{workspace.CodeEnterpriseNotFound, http.StatusNotFound, "There is no such enterprise project.", "enterprise_project_id: enterprise project \"ID\" does not exist", "List the enterprise projects, or leave the field out for the default one."},
	{workspace.CodeEnterpriseDisabled, http.StatusBadRequest, "The enterprise project is disabled: it takes nothing new.", "enterprise_project_id: enterprise project NAME (ID) is disabled and takes nothing new", "Enable it, or name another."},
	{workspace.CodeScriptNotFound, http.StatusNotFound, "There is no such script.", "script \"ID\" does not exist", "List the scripts."},
	{workspace.CodeSnapshotNotFound, http.StatusNotFound, "There is no such snapshot.", "snapshot_ids: 1 of 1 snapshots do not exist", "List the snapshots. If they were to be deleted, that has been done."},
	{workspace.CodeVolumeNotFound, http.StatusNotFound, "There is no such disk.", "volume_id: desktop NAME has no disk \"ID\"", "Show the desktop, which lists its disks. If it was to be deleted, that has been done."},
	{workspace.CodeAddingVolumes, http.StatusBadRequest, "Disks are being added to the desktop.", "disks are being added to desktop NAME, try again when that is done", tryLater},
	{workspace.CodeScriptTaskNotFound, http.StatusNotFound, "There is no such script task or record, or it is kept no longer.", "task \"ID\" does not exist", "List the tasks."},
	{workspace.CodeUserNotFound, http.StatusBadRequest, "There is no such user.", "user \"ID\" does not exist", "List the users."},
	{workspace.CodeGroupNotFound, http.StatusBadRequest, "There is no such user group.", "group \"ID\" does not exist", "List the groups."},
	{workspace.CodeProjectNotFound, http.StatusNotFound, "There is no such project, or it is not the caller's.", "project_id: project \"ID\" does not exist", "List the projects that the caller may use: GET /v3/auth/projects."},

	{workspace.CodeNameTaken, http.StatusConflict, "The name is in use (names are case-insensitive).", "FIELD: \"NAME\" is in use", "Choose another name, or leave it out and have one generated."},
	{workspace.CodeAddressTaken, http.StatusConflict, "The address is in use by another desktop.", "desktop_ips[0]: ADDRESS is in use", "Choose another address, or leave it out."},
	{workspace.CodeNoAddress, http.StatusConflict, "The subnet has no free address, or there is no free public one.", "the subnet has N free addresses, M are needed", "Delete desktops, or name another subnet; release public addresses, or have the operator add some."},
	{workspace.CodeConflict, http.StatusConflict, "The present state of a desktop, pool or job does not allow it.", "desktop NAME is busy (what it does), try again when it is done", tryLater + " The message says what to wait for, or what to do before."},
	{workspace.CodeTokenReused, http.StatusConflict, "X-Client-Token was already used for another request.", "X-Client-Token: was sent with another request at TIME, use a new one for each request", "Use a new token for each request, and the same one only to repeat it unchanged."},
	{workspace.CodeCapacityExceeded, http.StatusConflict, "Storage or memory is exhausted or promised to other desktops.", "how much is asked for, and how much is left", "Ask for less, delete or stop desktops, or have the operator add capacity."},
	{workspace.CodeQuotaExceeded, http.StatusConflict, "The project would have more than its quota allows.", "quota RESOURCE: how much the project may have, how much it has, and how much is asked for", "Delete what is not needed, or have the operator raise the quota (carrel quota set); GET /v2/{project_id}/quotas shows it."},
	{workspace.CodeImageNotOwned, http.StatusForbidden, "The image is the installation's or another project's, and only its owner changes, shares or deletes it.", "image ID (NAME) is the installation's: only who runs it changes, shares or deletes it", "Ask the owner, or make an image of the project's own from a desktop."},
	{workspace.CodeSettingOff, http.StatusConflict, "A setting of the project does not allow it.", "which setting is OFF", "Leave it out, or switch the setting ON with PUT /v2/{project_id}/tenant-configs."},
	{workspace.CodeServiceLocked, http.StatusConflict, "The project's Workspace service is locked, so that nothing of it can be changed.", "why it is locked", "Unlock it with PUT /v2/{project_id}/workspaces/lock-status, if the reason no longer holds."},

	{workspace.CodeForbidden, http.StatusForbidden, "The caller is not allowed to do this.", "the action that is missing, such as workspace:desktops:create", "Have an administrator grant the action."},
	{workspace.CodeNotSubscribed, http.StatusForbidden, "The Workspace service is not open for the project.", "the Workspace service is not open for project ID: what opens it", "Open the service with POST /v2/{project_id}/workspaces first."},
	{workspace.CodeNoAgency, http.StatusForbidden, "The project has not authorized the service to do this.", "what the service may not manage in project ID, and what to call", "Authorize the service: POST /v2/{project_id}/agencies."},
	{workspace.CodeBadCredentials, http.StatusUnauthorized, "The portal refused the name or password, or the session has ended.", "sign in again", "Sign in again."},
	{workspace.CodeRateLimited, http.StatusTooManyRequests, "Too many attempts.", "when to try again", "Wait as long as Retry-After says."},
	{workspace.CodeUnavailable, http.StatusServiceUnavailable, "The engine or the desktop does not answer, or too many large requests are under way.", "what does not answer", tryLater},
	{workspace.CodeNoDatabase, http.StatusServiceUnavailable, "The database does not answer at the moment.", "the database does not answer at the moment, try again in a few seconds", "Try again after Retry-After, safely with an X-Client-Token."},
	{workspace.CodeDeadline, http.StatusGatewayTimeout, "The work exceeded its deadline.", "the server took too long, try again", "Of a call: repeat it, safely with an X-Client-Token. Of a sub-job: retry the job, or delete the desktop."},

	{workspace.CodeEngineRefused, http.StatusBadRequest, "In sub-jobs: the engine cannot do this.", "the engine's reason", "Retrying does not help: change what was ordered."},
	{workspace.CodeNoCapacity, http.StatusServiceUnavailable, "In sub-jobs: no host has enough capacity.", "what is lacking", "Delete or stop desktops, then retry the job."},
	{workspace.CodeGone, http.StatusNotFound, "In sub-jobs: the desktop was deleted in the meantime.", "desktop NAME was deleted in the meantime", "Nothing is to be done."},
	{workspace.CodeStopped, http.StatusConflict, "In sub-jobs: the rebuild of the pool was cancelled before the desktop's turn.", "why", "Remove the cause, then rebuild again."},
	{workspace.CodeScriptFailed, http.StatusConflict, "In sub-jobs: a script failed in the desktop, was killed or could not be started.", "which script, and how it ended", "Read the record's output, then retry the task."},
	{codeUnknownPath, http.StatusNotFound, "There is no operation with this method and path.", "there is no operation METHOD PATH", "Compare with /docs, and look for a misspelt endpoint or a missing project id."},
}
