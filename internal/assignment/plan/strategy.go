package plan

import (
	"cmp"

	"carrel/internal/workspace"
)

// Limits of a request that assigns desktops.
const (
	MaxAttachedDesktops  = 10_000
	MaxAttachedPeople    = 10_000
	MaxPeoplePerDesktop  = 500 // on a SHARED desktop
	MaxAssignNumber      = 100 // of desktop_assigin_user_num and user_assigin_desktop_num
	MaxAssignments       = 50_000
	defaultAssignNumber  = 1
	maxNamePolicyIDBytes = 36
)

// Model says how people and desktops are paired. The zero value is FIXED_RELATION.
type Model struct {
	Dimension       Dimension // empty: the strategy's
	Strategy        Strategy
	UsersPerDesktop int    // desktop_assigin_user_num, 0..100; 0 means not sent
	DesktopsPerUser int    // user_assigin_desktop_num, 0..100; 0 means not sent
	NamePolicyID    string // names the desktops that are given no name
}

// Dimension says whether a strategy goes through people or through desktops.
type Dimension string

// The dimensions.
const (
	DimensionUser    Dimension = "USER"
	DimensionDesktop Dimension = "DESKTOP"
)

// Strategy is a way to pair people and desktops. docs/assignment.md defines each.
type Strategy string

// The strategies. The first four choose the pairs; the last two take them from the request, and make all of them or none.
const (
	StrategyNoDesktop     Strategy = "USER_NO_DESKTOP"
	StrategyFixedDesktops Strategy = "USER_FIXED_DESKTOP_NUM"
	StrategyUserPriority  Strategy = "DESKTOP_ASSIGN_USER_PRIORITY"
	StrategyFixedUsers    Strategy = "DESKTOP_ASSIGN_FIXED_USER"
	StrategyUsersOrGroups Strategy = "DESKTOP_ASSIGN_USERS_OR_GROUPS"
	StrategyRelation      Strategy = "FIXED_RELATION"
)

// strategyDimensions has the dimension of every strategy; FIXED_RELATION works with both.
var strategyDimensions = map[Strategy]Dimension{
	StrategyNoDesktop:     DimensionUser,
	StrategyFixedDesktops: DimensionUser,
	StrategyUserPriority:  DimensionDesktop,
	StrategyFixedUsers:    DimensionDesktop,
	StrategyUsersOrGroups: DimensionDesktop,
	StrategyRelation:      "",
}

// Chooses reports whether the strategy chooses the pairs itself.
func (s Strategy) Chooses() bool {
	return s != StrategyUsersOrGroups && s != StrategyRelation
}

// Resolve returns the model with defaults for what was omitted: strategy, dimension and the numbers that the strategy uses. Call
// Check first. UsersPerDesktop stays 0 with DESKTOP_ASSIGN_USER_PRIORITY unless it was sent: the desktop's own maximum applies.
func (m Model) Resolve() Model {
	m.Strategy = cmp.Or(m.Strategy, StrategyRelation)
	m.Dimension = cmp.Or(m.Dimension, strategyDimensions[m.Strategy], DimensionDesktop)
	if m.Strategy.Chooses() {
		m.DesktopsPerUser = cmp.Or(m.DesktopsPerUser, defaultAssignNumber)
		if m.Strategy != StrategyUserPriority {
			m.UsersPerDesktop = cmp.Or(m.UsersPerDesktop, defaultAssignNumber)
		}
	}
	return m
}

// Check returns CodeInvalid for a model that contradicts itself or is outside its limits.
func (m Model) Check() error {
	const at = "assign_model."
	dimension, known := strategyDimensions[m.Strategy]
	switch {
	case m.Dimension != "" && m.Dimension != DimensionUser && m.Dimension != DimensionDesktop:
		return workspace.Invalid(at+"assign_dimension", "%q is unknown, use USER or DESKTOP", m.Dimension)
	case m.Strategy == "" && (m.Dimension != "" || m.UsersPerDesktop != 0 || m.DesktopsPerUser != 0):
		return workspace.Invalid(at+"priority_strategy", "must be given: it determines how the desktops are assigned")
	case m.Strategy != "" && !known:
		return workspace.Invalid(at+"priority_strategy", "%q is unknown, use USER_NO_DESKTOP, USER_FIXED_DESKTOP_NUM, DESKTOP_ASSIGN_USER_PRIORITY, "+
			"DESKTOP_ASSIGN_FIXED_USER, DESKTOP_ASSIGN_USERS_OR_GROUPS or FIXED_RELATION", m.Strategy)
	case m.Dimension != "" && dimension != "" && m.Dimension != dimension:
		return workspace.Invalid(at+"assign_dimension", "%s cannot be used with %s, which requires %s", m.Dimension, m.Strategy, dimension)
	case m.UsersPerDesktop < 0 || m.UsersPerDesktop > MaxAssignNumber:
		return workspace.Invalid(at+"desktop_assigin_user_num", "%d is out of range, use 0 to %d", m.UsersPerDesktop, MaxAssignNumber)
	case m.DesktopsPerUser < 0 || m.DesktopsPerUser > MaxAssignNumber:
		return workspace.Invalid(at+"user_assigin_desktop_num", "%d is out of range, use 0 to %d", m.DesktopsPerUser, MaxAssignNumber)
	case len(m.NamePolicyID) > maxNamePolicyIDBytes:
		return workspace.Invalid(at+"desktop_name_policy_id", "%d bytes, at most %d are allowed", len(m.NamePolicyID), maxNamePolicyIDBytes)
	}
	return nil
}
