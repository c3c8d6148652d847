package conform

import "slices"

// Cases are all cases, in the order in which a reader of the specification
// would meet them.
func Cases() []Case {
	return slices.Concat(
		handshakeCases(), plainCases(), helloCases(), nameCases(), messageCases(), textCases(), refusedCases(),
		changeCases(), roomCases(), historyCases(), resumeCases(), hintCases(), frameCases(), limitCases(),
		sessionCases(), moderationCases(),
	)
}
