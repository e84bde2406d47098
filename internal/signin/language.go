package signin

import (
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
	"context"
	"slices"
)

// SetLanguage remembers the language of a person's portal and mails: "en", "zh", or empty for the browser's. CodeInvalid.
func (s *Service) SetLanguage(ctx context.Context, v Visitor, language string) error {
	if !slices.Contains([]string{"", "en", "zh"}, language) {
		return workspace.Invalid("language", "%q is unknown, use en or zh", language)
	}
	return s.Store.Update(ctx, store.By(v.Caller("SetLanguage"), func(tx *store.Tx) error {
		u, err := directory.LockUser(ctx, tx, v.ProjectID, v.ID)
		if err != nil || u.Language == language {
			return err
		}
		u.Language = language
		return directory.SaveUser(ctx, tx, u)
	}))
}
