// Package sheet reads and writes tables of text as CSV and XLSX files.
package sheet
