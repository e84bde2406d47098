package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"carrel/internal/catalog"
	"carrel/internal/iam"
	"carrel/internal/secret"
	"carrel/internal/workspace"
)

// Bootstrap is the content of DIR/bootstrap.json, for a script that makes its first API call.
type Bootstrap struct {
	Notice           string `json:"notice"`
	Endpoint         string `json:"endpoint"`
	Region           string `json:"region"`
	DomainID         string `json:"domain_id"`
	DomainName       string `json:"domain_name"`
	ProjectID        string `json:"project_id"`
	ProjectName      string `json:"project_name"`
	UserName         string `json:"user_name"`
	Password         string `json:"password"`
	AccessKey        string `json:"access_key"`
	SecretKey        string `json:"secret_key"`
	VPCID            string `json:"vpc_id"`
	SubnetID         string `json:"subnet_id"`
	SecurityGroupID  string `json:"security_group_id"`
	AvailabilityZone string `json:"availability_zone"`
	ImageID          string `json:"image_id"`
	ProductID        string `json:"product_id"`
}

// notice is what bootstrap.json says first.
const notice = "These are the first administrator's credentials, in plain text. Replace the password (carrel iam users update NAME --new-password) " +
	"and the access key (carrel iam keys create NAME, then carrel iam keys delete KEY): this file keeps neither the new ones nor what was deleted."

// bootstrap creates the first account with its project, opens the service for it and writes bootstrap.json. Later starts find all
// that, and write the file only if it is missing or its content has changed.
func (a *App) bootstrap(ctx context.Context, endpoint string) error {
	creds, err := a.iam.Bootstrap(ctx, iam.First{Region: a.config.Region, Account: "carrel", User: "admin"})
	if err != nil {
		return fmt.Errorf("making the first account: %w", err)
	}
	if _, err := openService(ctx, a.Services.Catalog, a.config.networksOf(""), creds.ProjectID, creds.DomainName); err != nil {
		return err
	}
	if err := a.openServices(ctx, creds.DomainID); err != nil {
		return err
	}
	b := Bootstrap{
		Notice: notice, Endpoint: endpoint, Region: a.config.Region, DomainID: creds.DomainID, DomainName: creds.DomainName,
		ProjectID: creds.ProjectID, ProjectName: creds.ProjectName, UserName: creds.UserName, Password: creds.Password,
		AccessKey: creds.AccessKey, SecretKey: creds.SecretKey,
	}
	if err := a.fillPlace(ctx, &b); err != nil {
		return fmt.Errorf("reading the first project's network and catalogue: %w", err)
	}
	a.Bootstrap = b
	return writeBootstrap(filepath.Join(a.config.Data, "bootstrap.json"), b)
}

// fillPlace sets a network, a zone, an image and a product with which a desktop can be created.
func (a *App) fillPlace(ctx context.Context, b *Bootstrap) error {
	detail, err := a.Services.Catalog.ServiceDetail(ctx, b.ProjectID)
	if err != nil {
		return err
	}
	b.VPCID = detail.VPC.ID
	for _, s := range detail.Subnets {
		if s.Default {
			b.SubnetID = s.ID
		}
	}
	for _, g := range detail.SecurityGroups {
		if g.Default {
			b.SecurityGroupID = g.ID
		}
	}
	zones, err := a.Services.Catalog.Zones(ctx)
	if err != nil {
		return err
	}
	for _, z := range zones {
		if z.Default {
			b.AvailabilityZone = z.ID
		}
	}
	page := workspace.Page{Limit: 100}
	images, _, err := a.Services.Catalog.ListImages(ctx, catalog.ImageQuery{ProjectID: b.ProjectID, Page: page})
	if err != nil {
		return err
	}
	for _, i := range images {
		if b.ImageID == "" || i.ID == imageID(a.config.Incus.Image) {
			b.ImageID = i.ID
		}
	}
	products, _, err := a.Services.Catalog.ListProducts(ctx, catalog.ProductQuery{Page: page})
	if err != nil {
		return err
	}
	for _, p := range products {
		if p.Status == "normal" && (b.ProductID == "" || p.ID == "workspace.c2.large.linux") {
			b.ProductID = p.ID
		}
	}
	return nil
}

func writeBootstrap(path string, b Bootstrap) error {
	body, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding bootstrap.json: %w", err)
	}
	body = append(body, '\n')
	old, err := os.ReadFile(path)
	if err == nil && string(old) == string(body) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading bootstrap.json: %w", err)
	}
	return secret.WriteFile(path, body)
}
