package twilio_test

import (
	"strings"
	"testing"

	"github.com/afterchat/afterchat/connectors/twilio"
	"github.com/afterchat/afterchat/internal/fault"
)

func TestNumbersAreReadInTheOrganizationsRegion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		raw, region string
		countries   []string
		want, code  string
	}{
		"a national number":                   {raw: "070-123 45 67", region: "SE", want: "+46701234567"},
		"an international number":             {raw: "+46 (0)70 123 45 67", region: "US", countries: []string{"SE"}, want: "+46701234567"},
		"00 as the international prefix":      {raw: "0046701234567", region: "SE", want: "+46701234567"},
		"a region in lower case":              {raw: "0701234567", region: "se", countries: []string{"se"}, want: "+46701234567"},
		"a number of two kinds, as in the US": {raw: "(212) 555-2368", region: "US", want: "+12125552368"},
		"digits of another script":            {raw: "+٤٦٧٠١٢٣٤٥٦٧", want: "+46701234567"},
		"no region and no country code":       {raw: "070-123 45 67", code: "bad_number"},
		"another country than the region":     {raw: "+4915112345678", region: "SE", code: "country_not_allowed"},
		"a country that is not listed":        {raw: "+4915112345678", region: "DE", countries: []string{"SE"}, code: "country_not_allowed"},
		"Canada where only the US is listed":  {raw: "+1 416 555 0134", countries: []string{"US"}, code: "country_not_allowed"},
		"a premium number":                    {raw: "0900 123 45 67", region: "SE", code: "number_type"},
		"a shared-cost number":                {raw: "0771 23 45 67", region: "SE", code: "number_type"},
		"another country's premium number":    {raw: "+448431234567", countries: []string{"GB"}, code: "number_type"},
		"too short":                           {raw: "112", region: "SE", code: "bad_number"},
		"a text":                              {raw: "call me maybe", region: "SE", code: "bad_number"},
		"nothing":                             {raw: "", region: "SE", code: "bad_number"},
		"very long":                           {raw: strings.Repeat("4", 100_000), region: "SE", code: "bad_number"},
		"a region that does not exist":        {raw: "0701234567", region: "XX", code: "bad_number"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := twilio.NormalizeNumber(test.raw, test.region, test.countries)
			if got != test.want || fault.CodeOf(err) != test.code {
				t.Errorf("%q, %v; want %q and code %q", got, err, test.want, test.code)
			}
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("the kind is %v", fault.KindOf(err))
			}
		})
	}
}

func FuzzNormalizeNumber(f *testing.F) {
	f.Add("070-123 45 67", "SE")
	f.Add("+1;ext=5", "")
	f.Fuzz(func(t *testing.T, raw, region string) {
		got, err := twilio.NormalizeNumber(raw, region, nil)
		if (err == nil) != strings.HasPrefix(got, "+") {
			t.Errorf("%q, %v", got, err)
		}
	})
}
