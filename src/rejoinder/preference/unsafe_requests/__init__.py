"""Tells requests for harm from harmless ones without a model server: features, ideas, weights, and how they are trained.

It judges one message at a time, as a person wrote it; docs/unsafe-requests.md is its card.
"""

from rejoinder.preference.unsafe_requests.classifier import Classifier, fingerprint, load_card, load_classifier, threshold

__all__ = ["Classifier", "fingerprint", "load_card", "load_classifier", "threshold"]
