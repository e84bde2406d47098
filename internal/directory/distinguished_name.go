package directory

// RootDN is the distinguished name of the built-in directory itself.
const RootDN = "DC=carrel,DC=local"

// DN is the person's distinguished name in the directory. It follows their name.
func (u User) DN() string { return "CN=" + u.Name + "," + RootDN }

// DN is the group's distinguished name in the directory. It follows its name.
func (g Group) DN() string { return "CN=" + g.Name + "," + RootDN }
