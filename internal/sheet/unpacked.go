package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A small XLSX file can unpack to a large one, and takes up to a hundred times of that in memory. These are the limits in bytes. A table
// of a thousand people with a hundred columns stays below them.
const (
	maxUnpacked      = 8 << 20  // of the whole file
	maxStyles        = 1 << 20  // of the formats of cells, which take the most memory
	maxTableInMemory = 1 << 20  // a larger table is read from a temporary file
	maxShared        = 32 << 20 // of texts that are kept once, together, wherever cells name them
	maxRead          = 32 << 20 // of rows and cells, empty ones too: few bytes name the last row or column of a table
)

// errSprawls is what files are refused with that hold little and name a lot.
var errSprawls = errors.New("its tables name too many rows and columns, or repeat long texts: copy the rows, as text, into a new file")

// checkUnpacked refuses an XLSX file that is too large when it is unpacked. The sizes are those of the archive's directory: the reader of
// the archive holds each part to the size that is written there.
func checkUnpacked(data []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return notXLSX(err)
	}
	var all uint64
	for _, part := range archive.File {
		size := part.UncompressedSize64
		if strings.HasSuffix(strings.ToLower(part.Name), "styles.xml") && size > maxStyles {
			return fmt.Errorf("the formats of its cells take more than %d MB: copy the rows, as text, into a new file", maxStyles>>20)
		}
		if all += size; size > maxUnpacked || all > maxUnpacked {
			return fmt.Errorf("it unpacks to more than %d MB: copy the rows into a new file", maxUnpacked>>20)
		}
	}
	return checkShared(archive)
}

// checkShared refuses a file whose cells name more text than it holds: texts are kept once, each cell of the same gets a copy.
func checkShared(archive *zip.Reader) error {
	var lengths []int
	for _, part := range archive.File {
		if isShared(part) {
			err := eachToken(part, func(token xml.Token) {
				switch token := token.(type) {
				case xml.StartElement:
					if token.Name.Local == "si" {
						lengths = append(lengths, 0)
					}
				case xml.CharData:
					if n := len(lengths); n > 0 {
						lengths[n-1] += len(token)
					}
				}
			})
			if err != nil {
				return err
			}
		}
	}
	var all int
	for _, part := range archive.File {
		if len(lengths) == 0 || isShared(part) {
			continue
		}
		shared := false // the cell that is open names a text by its number
		err := eachToken(part, func(token xml.Token) {
			switch token := token.(type) {
			case xml.StartElement:
				if token.Name.Local == "c" {
					shared = hasAttribute(token, "t", "s")
				}
			case xml.CharData:
				if i, err := strconv.Atoi(strings.TrimSpace(string(token))); shared && err == nil && i >= 0 && i < len(lengths) {
					all += lengths[i]
				}
			}
		})
		if err != nil {
			return err
		}
		if all > maxShared {
			return errSprawls
		}
	}
	return nil
}

func isShared(part *zip.File) bool { return strings.EqualFold(part.Name, "xl/sharedStrings.xml") }

func hasAttribute(element xml.StartElement, name, value string) bool {
	for _, a := range element.Attr {
		if a.Name.Local == name && a.Value == value {
			return true
		}
	}
	return false
}

// eachToken goes through a part as far as it is XML; who reads it then comes no further.
func eachToken(part *zip.File, look func(xml.Token)) error {
	r, err := part.Open()
	if err != nil {
		return notXLSX(err)
	}
	defer r.Close()
	tokens := xml.NewDecoder(r)
	tokens.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) { return nil, charsetError(charset) }
	for {
		token, err := tokens.RawToken()
		if _, ok := errors.AsType[charsetError](err); ok {
			return notXLSX(fmt.Errorf("%s is %w, which spreadsheet programs do not write", part.Name, err))
		}
		if err != nil {
			return nil //nolint:nilerr // pictures, and what is broken
		}
		look(token)
	}
}

// charsetError is an encoding other than UTF-8.
type charsetError string

func (e charsetError) Error() string { return fmt.Sprintf("in the encoding %q", string(e)) }
