package directory

// RootDN is the distinguished name of the built-in directory itself.
const RootDN = "DC=carrel,DC=local"

// DN returns the user's distinguished name in the directory. It changes with their name.
func (u User) DN() string { return "CN=" + u.Name + "," + RootDN }

// DN returns the group's distinguished name in the directory. It changes with its name.
func (g Group) DN() string { return "CN=" + g.Name + "," + RootDN }
