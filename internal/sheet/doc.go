// Package sheet reads and writes tables of text in the files that spreadsheet programs know: CSV and XLSX.
package sheet
