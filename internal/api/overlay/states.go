package overlay

// Reason is why Carrel will never serve an operation. The list is closed.
type Reason string

// The reasons.
const (
	BillsMoney          Reason = "bills money"
	NeedsAnotherProduct Reason = "needs another product"
	NeedsWindows        Reason = "needs Windows"
	NeedsHardware       Reason = "needs hardware that a container has not"
)

// MaxNever is how many operations may be refused for ever.
const MaxNever = 20

// Never has the operations that will not be served. Every other one that no area has is planned.
func Never() map[string]Reason {
	return map[string]Reason{
		"CreateDesktopOrder":               BillsMoney,
		"CreateResourcePackagesOrder":      BillsMoney,
		"CreateSubnetBandwidthChangeOrder": BillsMoney,

		"ListSubscribeAiAssistantUsers": NeedsAnotherProduct,
		"ShowAiAssistantUsageFrequency": NeedsAnotherProduct,
		"SubscribeAiAssistant":          NeedsAnotherProduct,
	}
}
