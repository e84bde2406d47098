package main

import (
	"context"
	"fmt"
	"os"

	"carrel/internal/app"
)

type imageCmd struct {
	Build  imageBuildCmd  `cmd:"" help:"Build an image from its recipe in images/, unless the engine has it already, unchanged."`
	Import imageImportCmd `cmd:"" help:"Import an image from a file and offer it as a gold image."`
}

type imageBuildCmd struct {
	settings
	Name string `arg:"" default:"debian-xfce" help:"Name of the recipe."`
}

func (c *imageBuildCmd) Run(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	recipe, err := app.FindRecipe(c.Name)
	if err != nil {
		return err
	}
	if err := app.EnsureImage(ctx, config, recipe, step, os.Stdout); err != nil {
		return err
	}
	fmt.Printf("The engine has the image %s. Next: carrel serve offers it as a gold image.\n", c.Name)
	return nil
}

type imageImportCmd struct {
	settings
	File   string `arg:"" type:"existingfile" help:"A unified Incus image, or the metadata of a split one."`
	Rootfs string `help:"Root file system of a split image." type:"existingfile" placeholder:"FILE"`
	Alias  string `help:"Name of the image." required:"" placeholder:"NAME"`
}

func (c *imageImportCmd) Run(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	if err := app.ImportImage(ctx, config, c.File, c.Rootfs, c.Alias, step); err != nil {
		return err
	}
	fmt.Printf("The engine has the image %s. Next: restart carrel serve, which offers it as a gold image.\n", c.Alias)
	return nil
}

// step prints the step that begins.
func step(sentence string) { fmt.Println("==>", sentence) }
