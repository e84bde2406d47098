// Package testguest makes the image that the engine's tests launch: one static program and nothing else.
package testguest

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// Alias is the alias under which tests import the image.
const Alias = "carrel-testguest"

// Build writes a unified Incus image into dir and returns its path. It needs the Go toolchain. The same sources give the same
// bytes, so importing the image again changes nothing.
func Build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "init")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, "carrel/internal/engine/incus/testguest/init")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the test guest: %w: %s", err, out)
	}
	path := filepath.Join(dir, "testguest.tar.gz")
	if err := pack(path, program); err != nil {
		return "", fmt.Errorf("packing the test image: %w", err)
	}
	return path, nil
}

func pack(path, program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	packed := gzip.NewWriter(file)
	archive := tar.NewWriter(packed)
	for _, e := range entries(string(content)) {
		e.header.ModTime = time.Unix(1, 0)
		e.header.Size = int64(len(e.content))
		if err := archive.WriteHeader(&e.header); err != nil {
			return err
		}
		if _, err := archive.Write([]byte(e.content)); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	return file.Close()
}

type entry struct {
	header  tar.Header
	content string
}

func entries(program string) []entry {
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	metadata := "architecture: " + arch + "\ncreation_date: 1\nproperties:\n  description: Carrel test guest\n  os: Carrel Test\n  release: \"1\"\n"
	all := []entry{{tar.Header{Name: "metadata.yaml", Mode: 0o644}, metadata}}
	for _, dir := range []string{"", "dev", "proc", "sys", "run", "etc", "root", "bin", "sbin", "usr", "usr/bin", "usr/sbin"} {
		all = append(all, entry{tar.Header{Name: "rootfs/" + dir, Typeflag: tar.TypeDir, Mode: 0o755}, ""})
	}
	return append(all,
		entry{tar.Header{Name: "rootfs/tmp", Typeflag: tar.TypeDir, Mode: 0o1777}, ""},
		entry{tar.Header{Name: "rootfs/etc/hosts", Mode: 0o644}, "127.0.0.1 localhost\n"},
		entry{tar.Header{Name: "rootfs/usr/bin/carrel-guest", Mode: 0o755}, program},
		entry{tar.Header{Name: "rootfs/bin/sh", Typeflag: tar.TypeSymlink, Linkname: "/usr/bin/carrel-guest"}, ""},
		entry{tar.Header{Name: "rootfs/sbin/init", Typeflag: tar.TypeSymlink, Linkname: "/usr/bin/carrel-guest"}, ""},
	)
}
