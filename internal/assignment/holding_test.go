package assignment_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// desk is the inside of a desktop: whose data is under which account's name.
type desk map[string]string

// carryOut does what carrel-guest does with accounts, and fails when somebody comes upon another's data.
func (d desk) carryOut(t *rapid.T, accounts []assignment.InsideAccount, names map[string]string) {
	for _, a := range accounts {
		if a.Erase {
			delete(d, a.Name)
		}
	}
	for _, a := range accounts {
		if a.Erase {
			continue
		}
		if whose, there := d[a.Former]; a.Former != "" && there {
			if other, taken := d[a.Name]; taken {
				t.Fatalf("%s is renamed to %s, which has the data of %s", a.Former, a.Name, other)
			}
			delete(d, a.Former)
			d[a.Name] = whose
		}
		if _, there := d[a.Name]; !there {
			d[a.Name] = names[a.Name]
		}
		if d[a.Name] != names[a.Name] {
			t.Fatalf("%s finds the data of %s", a.Name, d[a.Name])
		}
	}
}

func TestAccountsComeToBeThoseOfTheHoldersAndNobodyFindsAnothersData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logins := []string{"ann", "ben", "cara", "dora", "emil", "fred"}
		before := rapid.Permutation(logins).Draw(t, "names before")
		after := rapid.Permutation(logins).Draw(t, "names after")
		inside, names, kept := desk{}, map[string]string{}, map[string]bool{}
		var holders []desktop.Assignment
		var former []assignment.FormerAccount
		renaming := map[string]bool{} // names that a holder is about to give up
		for i := range 4 {
			id := fmt.Sprint("user-", i)
			was, holds := rapid.Bool().Draw(t, "was here"), rapid.Bool().Draw(t, "holds")
			erase := was && rapid.Bool().Draw(t, "erase")
			if holds {
				holders = append(holders, desktop.Assignment{UserID: id, UserName: after[i], Account: after[i]})
				names[after[i]] = id
			}
			if !was {
				continue
			}
			inside[before[i]] = id
			kept[id] = holds && !erase
			if erase || !holds || before[i] != after[i] {
				former = append(former, assignment.FormerAccount{UserID: id, Name: before[i], Erase: erase})
				renaming[before[i]] = holds && !erase
			}
		}
		for _, h := range holders {
			if renaming[h.UserName] {
				t.Skip("a name is only given to somebody when the person who had it is done with it")
			}
		}

		for round := 0; ; round++ {
			accounts, settled := assignment.AccountsInside(holders, former)
			inside.carryOut(t, accounts, names)
			if len(settled) == 0 {
				break
			}
			if round > len(logins) {
				t.Fatalf("it never ends: %+v", former)
			}
			former = slices.DeleteFunc(former, func(f assignment.FormerAccount) bool {
				return slices.ContainsFunc(settled, func(s assignment.FormerAccount) bool { return s.UserID == f.UserID })
			})
		}
		accounts, _ := assignment.AccountsInside(holders, former)
		if len(accounts) != len(holders) {
			t.Errorf("%d accounts for %d people", len(accounts), len(holders))
		}
		for _, a := range accounts {
			if a.Erase || a.Former != "" || names[a.Name] == "" {
				t.Errorf("in the end there is %+v", a)
			}
		}
		for id, stays := range kept {
			there := false
			for _, whose := range inside {
				there = there || whose == id
			}
			if stays && !there {
				t.Errorf("the data of %s is lost", id)
			}
		}
	})
}

func TestAHostNameIsMadeOfADesktopsName(t *testing.T) {
	for name, want := range map[string]string{"front_desk": "front-desk", "a_": "a", "PC-1": "PC-1", "销售": "desktop-abcdef"} {
		if got := workspace.HostNameFor(name, "abcdef01"); got != want || workspace.CheckHostName("", got) != nil {
			t.Errorf("%s becomes %q, want %q", name, got, want)
		}
	}
}
