// SPDX-License-Identifier: GPL-3.0-or-later
//! The room is laid; what it holds comes with the next commits.
