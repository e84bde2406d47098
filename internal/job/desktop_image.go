package job

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/operate"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ImageLimit is the limit for making an image of a desktop: its system disk is read, packed and unpacked again.
const ImageLimit = time.Hour

// makeImage makes an image of a desktop that is off. The engine makes one for each mark, however often it is asked; one that no row names in the end is
// deleted when the engine's images are compared with the catalogue.
func (r *Runner) makeImage(_ context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[operate.ImageParams](*s)
	if err != nil {
		return plan{}, err
	}
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	var made engine.Image
	return plan{
		limit: ImageLimit,
		steps: []Step{{
			Name: "making the image",
			Do: func(ctx context.Context) (err error) {
				made, err = r.engine.PublishImage(ctx, engine.Publication{
					ID: markOf(*s), Machine: d.ID, Name: params.Name, Installation: r.conf.Installation,
				})
				return err
			},
		}},
		succeed: func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
			if d == nil {
				return nil
			}
			return operate.MarkImageMade(ctx, tx, *d, params, made.ID, made.SizeMiB)
		},
	}, nil
}
