"""IBM's hosts that serve something else than watsonx.ai, and that people give as its URL."""

from __future__ import annotations

import re

#: The hosts are those of IBM's API documents and of the SDKs of these services; `*` is one or more
#: labels.
_SERVICES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"(?:.+\.)?watson-orchestrate(?:\.cloud)?\.ibm\.com", "watsonx Orchestrate"),
        (r"(?:.+\.)?wxo(?:\..+)?\.ibm\.com", "watsonx Orchestrate"),
        (r"(?:.+\.)?lakehouse(?:\..+)?\.ibm\.com", "watsonx.data"),
        (r"(?:.+\.)?(?:aiopenscale|openscale)(?:\..+)?\.ibm\.com", "watsonx.governance"),
        (r"(?:.+\.)?(?:bam|bam-api|workbench|workbench-api)\.res\.ibm\.com",
         "BAM, IBM's former trial of foundation models"),
        (r"(?:.+\.)?assistant\.watson(?:\..+)?\.(?:ibm\.com|appdomain\.cloud)",
         "watsonx Assistant"),
        (r"(?:.+\.)?discovery\.watson\.cloud\.ibm\.com", "Watson Discovery"),
        (r"(?:.+\.)?speech-to-text\.watson\.cloud\.ibm\.com", "Watson Speech to Text"),
        (r"(?:.+\.)?text-to-speech\.watson\.cloud\.ibm\.com", "Watson Text to Speech"),
        (r"(?:.+\.)?natural-language-understanding\.watson\.cloud\.ibm\.com",
         "Watson Natural Language Understanding"),
        (r"(?:.+\.)?language-translator\.watson\.cloud\.ibm\.com", "Watson Language Translator"),
        (r"(?:.+\.)?(?:watson\.cloud\.ibm\.com|watsonplatform\.net|watson\.appdomain\.cloud)",
         "another Watson service"),
        (r"ibm-watson-ml(?:\..+)?\.(?:mybluemix|bluemix)\.net", "Watson Machine Learning"),
        (r"(?:.+\.)?(?:mybluemix|bluemix)\.net", "IBM Cloud's former name, Bluemix"),
        (r"(?:.+\.)?quantum(?:-computing)?(?:\.cloud)?\.ibm\.com", "IBM Quantum"),
        (r"(?:.+\.)?cloud-object-storage\.appdomain\.cloud", "Cloud Object Storage"),
        (r"(?:.+\.)?codeengine\.(?:appdomain\.cloud|cloud\.ibm\.com)", "Code Engine"),
        (r"(?:.+\.)?functions\.(?:appdomain\.cloud|cloud\.ibm\.com)", "Cloud Functions"),
        (r"(?:.+\.)?(?:databases|cloudantnosqldb)\.appdomain\.cloud", "a database of IBM Cloud"),
        (r"(?:.+\.)?secrets-manager\.appdomain\.cloud", "Secrets Manager"),
        (r"(?:.+\.)?(?:kms|logging|monitoring|containers|iaas|schematics)(?:\..+)?\.cloud\.ibm\.com",
         "another service of IBM Cloud"),
        (r"(?:resource-controller|user-management|accounts|globalcatalog)\.cloud\.ibm\.com",
         "the administration of IBM Cloud"),
        (r"(?:.+\.)?watsonx\.ai", "a name that serves no API of watsonx.ai"),
        (r"github\.com|(?:.+\.)?github\.io|huggingface\.co", "a site for code and models"),
    )
)  # fmt: skip
_OF_IBM = re.compile(r"(?:.+\.)?(?:ibm\.com|appdomain\.cloud|softlayer\.com)")


def other_service(host: str) -> str:
    """Return the name of the other IBM service at a host, "" for any other host."""
    return next((name for pattern, name in _SERVICES if pattern.fullmatch(host)), "")


def is_of_ibm(host: str) -> bool:
    """Return whether a host belongs to IBM by its name; clusters of customers may do so, too."""
    return _OF_IBM.fullmatch(host) is not None
