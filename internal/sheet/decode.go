package sheet

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

var errEncoding = errors.New(`the file is neither XLSX nor CSV in an encoding that can be told for sure: save it as "CSV UTF-8", or as XLSX`)

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// decode returns the text of a file in UTF-8, UTF-16, GB 18030 or Windows-1252, with lines that end in \n. The last two have no mark: what stands beside their
// letters tells them apart, and what fits neither is refused rather than guessed.
func decode(data []byte) (string, error) {
	from := encodingOf(data)
	if from == nil {
		return "", errEncoding
	}
	text, err := from.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsFunc(text, isControl) || from != encoding.Nop && bytes.ContainsRune(text, utf8.RuneError) {
		return "", errEncoding
	}
	return lineEnds.Replace(string(bytes.TrimPrefix(text, []byte("\ufeff")))), nil
}

// isControl says whether a character is one that tables do not have.
func isControl(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }

func encodingOf(data []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case bytes.IndexByte(data, 0) >= 0:
		return utf16Of(data)
	case utf8.Valid(data):
		return encoding.Nop
	}
	chinese, western := letters(data)
	switch {
	case chinese > western:
		return simplifiedchinese.GB18030
	case western > chinese && !easternEuropean(data):
		return charmap.Windows1252
	}
	return nil
}

// utf16Of tells the order of the bytes by where those of ASCII letters and line ends are zero.
func utf16Of(data []byte) encoding.Encoding {
	var zeros [2]int
	for i, b := range data {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch {
	case len(data)%2 == 0 && zeros[1] > 10*zeros[0]:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case len(data)%2 == 0 && zeros[0] > 10*zeros[1]:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// letters counts what speaks for each encoding in the runs of bytes beyond ASCII: a run beside a Latin letter is a part of a word in
// a Western language; one apart, of two or more characters of the common Chinese ones, is Chinese.
func letters(data []byte) (chinese, western int) {
	for i := 0; i < len(data); i++ {
		if data[i] < 0x80 {
			continue
		}
		from := i
		for i < len(data) && data[i] >= 0x80 {
			i++
		}
		run := data[from:i]
		switch {
		case isLetterAt(data, from-1) || isLetterAt(data, i):
			western++
		case len(run)%2 == 0 && commonChinese(run):
			chinese += len(run) / 2
		case len(run) == 1:
			western++
		}
	}
	return chinese, western
}

// commonChinese says whether most characters of a run are signs or among the 3755 most common Chinese ones, whose first byte in GB
// 2312 is below 0xd8. Text in other languages, such as Russian in Windows-1251, has the bytes above.
func commonChinese(run []byte) bool {
	common := 0
	for i := 0; i+1 < len(run); i += 2 {
		if run[i] < 0xd8 && run[i] > 0xa0 && run[i+1] > 0xa0 {
			common++
		}
	}
	return 2*common > len(run)/2
}

// easternEuropean says whether words have signs in their midst that are letters in Windows-1250: the text would be read wrongly.
func easternEuropean(data []byte) bool {
	const signs = "\xa3\xa5\xaf\xb3\xb9\xbc\xbe\xbf" // in 1250: Ł Ą Ż ł ą Ľ ľ ż
	for i, b := range data {
		if strings.IndexByte(signs, b) >= 0 && (isLetterAt(data, i-1) || isLetterAt(data, i+1)) {
			return true
		}
	}
	return false
}

func isLetterAt(data []byte, i int) bool {
	return i >= 0 && i < len(data) && (data[i]|0x20 >= 'a' && data[i]|0x20 <= 'z')
}
