package main

import (
	"fmt"
	"time"
)

// settings can be given at the start and changed while the world runs. Times are in seconds unless named
// otherwise.
type settings struct {
	Seed uint64 `json:"seed"`
	// Milliseconds before the first byte of every answer, and by role of the host instead.
	LatencyMS     float64            `json:"latency_ms"`
	LatencyByRole map[string]float64 `json:"latency_ms_by_role"`
	// Bytes a second of all bodies of data together; 0: no limit.
	Bandwidth float64 `json:"bandwidth"`
	// How long an EDL token holds.
	TokenLife float64 `json:"token_life"`
	// How long a signed address holds.
	SignedLife float64 `json:"signed_life"`
	// How long keys of S3 hold.
	KeyLife float64 `json:"key_life"`
	// Whether S3 takes the caller to be in its region.
	InRegion bool `json:"in_region"`
	// What the egress app answers to a token that EDL refuses: redirect, or EDL's own error as json.
	BadToken string `json:"bad_token"`
	// Whether on-prem archives take bearer tokens.
	OnPremBearer bool `json:"onprem_bearer"`
	// The region that the metadata services tell; "" hides them: their connections hang.
	MetadataRegion string `json:"metadata_region"`
	// "aws" or "google": whose metadata service answers.
	MetadataCloud string `json:"metadata_cloud"`
	// Milliseconds until a metadata service answers.
	MetadataMS float64 `json:"metadata_ms"`
	// Whether answers of CMR are compressed for those who take it.
	Gzip bool `json:"gzip"`
	// Chances of faults of a request, by role, then by kind.
	Rates map[string]map[string]float64 `json:"rates"`
	// Hosts of STAC APIs that answer 405 to a search by POST.
	StacWithoutPost []string `json:"stac_without_post"`
	// Bytes a second of a slow peer.
	SlowRate float64 `json:"slow_rate"`
	// Seconds for which a stalled or hanging peer says nothing.
	StallSeconds float64 `json:"stall_seconds"`
}

func usualSettings() settings {
	return settings{
		Seed: 1, TokenLife: 60 * 86400, SignedLife: 3600, KeyLife: 3600, InRegion: true, BadToken: "redirect",
		OnPremBearer: true, MetadataCloud: "aws", SlowRate: 100_000, StallSeconds: 600,
	}
}

// Changes what the JSON names and nothing else; unknown names and kinds are refused.
func (s *settings) change(raw []byte) error {
	changed := *s
	if err := strictly(raw, &changed); err != nil {
		return fmt.Errorf("the settings cannot be read: %w", err)
	}
	for role := range changed.LatencyByRole {
		if err := checkRole(role); err != nil {
			return err
		}
	}
	for role, kinds := range changed.Rates {
		if err := checkRole(role); err != nil {
			return err
		}
		for kind := range kinds {
			if err := checkKind(kind); err != nil {
				return fmt.Errorf("rates of %s: %w", role, err)
			}
		}
	}
	*s = changed
	return nil
}

func (s *settings) latency(role string) time.Duration {
	wait := s.LatencyMS
	if own, has := s.LatencyByRole[role]; has {
		wait = own
	}
	return time.Duration(wait * float64(time.Millisecond))
}

func seconds(count float64) time.Duration { return time.Duration(count * float64(time.Second)) }
