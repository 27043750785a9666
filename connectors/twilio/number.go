package twilio

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/afterchat/afterchat/internal/fault"
)

// NormalizeNumber reads a telephone number as people write it and returns it in E.164.
// A number without a country code is read in the region (ISO 3166-1 alpha-2; "" if only
// international numbers will do). Countries are those that may be sent to; if there are
// none, only the region may, and without a region any country.
//
// Refused, as Invalid, are what is no number ("bad_number"), what costs the recipient
// money or is of a kind that cannot be told ("number_type"), and other countries
// ("country_not_allowed"). Lengths and kinds come from Google's libphonenumber.
func NormalizeNumber(raw, region string, countries []string) (e164 string, err error) {
	number, err := phonenumbers.Parse(raw, strings.ToUpper(region))
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", fault.New(fault.Invalid, "bad_number", "the recipient is not a telephone number").At("to")
	}
	refused := []phonenumbers.PhoneNumberType{phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.UNKNOWN}
	if slices.Contains(refused, phonenumbers.GetNumberType(number)) {
		return "", fault.New(fault.Invalid, "number_type", "the recipient's kind of number is not sent to").At("to")
	}
	if !allowed(phonenumbers.GetRegionCodeForNumber(number), region, countries) {
		return "", fault.New(fault.Invalid, "country_not_allowed", "the recipient's country is not among those sent to").At("to")
	}
	return phonenumbers.Format(number, phonenumbers.E164), nil
}

func allowed(country, region string, countries []string) bool {
	if len(countries) == 0 {
		return region == "" || strings.EqualFold(country, region)
	}
	return slices.ContainsFunc(countries, func(c string) bool { return strings.EqualFold(c, country) })
}
