//! Microsoft Graph and Azure Resource Manager clients of Latchkey.
