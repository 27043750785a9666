package templates

import syntax "text/template/parse"

// A loop over a number turns as often as its writer likes. numbers finds those that a
// template makes up; numbers of the chat itself are left to the clock in bounds.go.

// numbers are the variables of a template that may hold a number which the template
// makes up, "." among them.
type numbers map[string]bool

// numbersIn looks at a whole template: where a variable gets its value does not matter.
func numbersIn(root *syntax.ListNode) numbers {
	n := numbers{}
	for known := -1; known < len(n); {
		known = len(n)
		loops := map[*syntax.PipeNode]bool{}
		walk(root, func(node syntax.Node) {
			switch node := node.(type) {
			case *syntax.RangeNode:
				loops[node.Pipe] = true // whose variables are not its value
			case *syntax.WithNode:
				if n.has(node.Pipe) {
					n["."] = true
				}
			case *syntax.PipeNode:
				if len(node.Decl) == 1 && !loops[node] && n.has(node) {
					n[node.Decl[0].Ident[0]] = true
				}
			}
		})
	}
	return n
}

// has reports whether a value may be such a number.
func (n numbers) has(node syntax.Node) bool {
	switch node := node.(type) {
	case *syntax.NumberNode:
		return true
	case *syntax.DotNode:
		return n["."]
	case *syntax.VariableNode:
		return len(node.Ident) == 1 && n[node.Ident[0]]
	case *syntax.PipeNode:
		piped := false
		for _, c := range node.Cmds {
			piped = n.result(c, piped)
		}
		return piped
	}
	return false
}

// result reports the same of a command; piped is whether what it gets is one.
func (n numbers) result(c *syntax.CommandNode, piped bool) bool {
	if f, ok := c.Args[0].(*syntax.IdentifierNode); ok {
		if f.Ident != "and" && f.Ident != "or" {
			return false
		}
		for _, arg := range c.Args[1:] {
			piped = piped || n.has(arg)
		}
		return piped
	}
	return len(c.Args) == 1 && n.has(c.Args[0])
}
